#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run by "meson dist" over what it is about to pack: every file gets the time of the commit, so that
# the tarball of a commit is always the same.
set -eu
cd "$MESON_SOURCE_ROOT"
time=$(git log -1 --format=%ct)
find "$MESON_DIST_ROOT" -exec touch --no-dereference --date="@$time" {} +
