# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
from __future__ import annotations


def check_document(document):
    return []
