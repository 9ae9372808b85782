// SPDX-License-Identifier: GPL-2.0-only
/* The smallest module, to test vm/build-module and vm/run themselves. */
#include <linux/module.h>

static int __init hello_init(void)
{
	pr_info("hello from the smallest module\n");
	return 0;
}

static void __exit hello_exit(void)
{
}

module_init(hello_init);
module_exit(hello_exit);
MODULE_DESCRIPTION("kturn: test of the test infrastructure");
MODULE_LICENSE("GPL");
