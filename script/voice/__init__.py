# SPDX-License-Identifier: Apache-2.0
"""Training and evaluation of the speaker model. What is written here in numpy is written again in
C under lib/speaker; tests/unit/speaker holds the two together."""

import os

PROCESSES = min(4, os.cpu_count())
