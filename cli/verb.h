/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The verbs. Each returns an exit code, after telling what was wrong. */

struct hand;

int verb_setup(struct hand *hand);
int verb_status(struct hand *hand);
int verb_parent_list(struct hand *hand);
int verb_parent_add(struct hand *hand);
int verb_parent_remove(struct hand *hand);
int verb_parent_passphrase(struct hand *hand);
int verb_parent_recovery(struct hand *hand);
int verb_watch(struct hand *hand);
int verb_profile_add(struct hand *hand);
int verb_profile_list(struct hand *hand);
int verb_profile_rename(struct hand *hand);
int verb_profile_keep(struct hand *hand);
int verb_profile_remove(struct hand *hand);
int verb_consent_grant(struct hand *hand);
int verb_consent_withdraw(struct hand *hand);
int verb_consent_show(struct hand *hand);
int verb_enroll(struct hand *hand);
int verb_voiceprint_list(struct hand *hand);
int verb_voiceprint_erase(struct hand *hand);
int verb_retention_set(struct hand *hand);
int verb_retention_show(struct hand *hand);
int verb_import(struct hand *hand);
int verb_list(struct hand *hand);
int verb_show(struct hand *hand);
int verb_play(struct hand *hand);
int verb_takeout(struct hand *hand);
int verb_delete(struct hand *hand);
int verb_report(struct hand *hand);
int verb_drill(struct hand *hand);
int verb_reset(struct hand *hand);
int verb_receipt_verify(struct hand *hand);
int verb_export_approve(struct hand *hand);
int verb_export_review(struct hand *hand);
int verb_export_refuse(struct hand *hand);
int verb_export_create(struct hand *hand);
int verb_export_cancel(struct hand *hand);
int verb_export_history(struct hand *hand);
int verb_export_recalls(struct hand *hand);
int verb_export_verify(struct hand *hand);
int verb_move(struct hand *hand);
int verb_export_list(struct hand *hand);
int verb_log(struct hand *hand);
int verb_policy(struct hand *hand);
int verb_doctor(struct hand *hand);

/* `cubby` alone: what to do next, in three lines. */
int verb_next(struct hand *hand);
