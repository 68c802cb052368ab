/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUSPEND_MARK_H
#define SUSPEND_MARK_H

#define SUSPEND_MARK 0x6b657865U /* edu answers with its complement */

#endif /* SUSPEND_MARK_H */
