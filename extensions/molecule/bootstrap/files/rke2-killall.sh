#!/bin/sh
# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Stands in for the script of that name in RKE2's tarball.
set -eu

echo "rke2-killall.sh RKE2_DATA_DIR=$(basename "$RKE2_DATA_DIR")" >>"$STANDIN_DIR/calls"
