/* SPDX-License-Identifier: Apache-2.0 */
/* Shows what each profile has of something. A profile is named as its family names it; where a
 * name is not known any more the id stands, never another's name. */

#include "listing.h"

#include "base/words.h"

static const char *profile_at(const struct listing *listing, const struct cubby_profiles *profiles,
			      size_t i)
{
	return hand_profile_name(profiles, (const char *)listing->list[i] +
						   listing->profile_offset);
}

static int listing_json(const struct listing *listing, const struct cubby_profiles *profiles)
{
	json_t *array = json_array();

	for (size_t i = 0; i < listing->n; i++)
		json_array_append_new(array, listing->json(listing->list[i],
							   profile_at(listing, profiles, i)));
	return fault_trace(render_json(array));
}

static int listing_table(struct hand *hand, const struct listing *listing,
			 const struct cubby_profiles *profiles)
{
	_cleanup_(table_freep) struct table *table = NULL;
	int r = table_new(listing->heads, hand->color, &table);

	for (size_t i = 0; r == 0 && i < listing->n; i++)
		r = listing->row(table, listing->list[i], profile_at(listing, profiles, i));
	return r == 0 ? table_print(hand, table) : fault_trace(r);
}

int listing_print(struct hand *hand, const struct listing *listing)
{
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	int r = cubby_profiles(hand->cubby, &profiles);

	if (r != 0)
		return hand_refused(hand, r);
	if (hand->json)
		r = listing_json(listing, profiles);
	else if (listing->n == 0)
		hand_say(hand, "%s", _(listing->nothing));
	else
		r = listing_table(hand, listing, profiles);
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}
