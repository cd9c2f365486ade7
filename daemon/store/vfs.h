/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The scrubbing VFS: see vfs.c. */

#define STORE_VFS "cubby"
/* For sqlite3_file_control(): whether the database carries sums, into a bool. */
#define VFS_HAS_SUMS 0xCB01
/* How many pages were not as they had been written, into a uint64_t. */
#define VFS_DAMAGE 0xCB02

/*
 * With page numbers below 2^24 the first byte of an overflow or free page, the head of the number
 * of the next one, is 0, and no such page looks like a b-tree page.
 */
#define STORE_PAGES_MAX 16777214

/* Registers the VFS with SQLite; again is harmless. */
int vfs_register(void);
