# SPDX-License-Identifier: BSD-3-Clause
"""The test runner behind tests/run."""
