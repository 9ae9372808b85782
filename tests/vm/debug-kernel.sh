# SPDX-License-Identifier: BSD-3-Clause
# Builds a kernel that finds mistakes (KASAN, lockdep and more: debug.config), which no Debian kernel does, from the
# sources of one of theirs. Sourced by get-kernel, never run.
# shellcheck shell=bash

DEBUG_CONFIG=$KTURN_ROOT/tests/vm/debug.config

# debug_id: changes with the configuration, so that no kernel of an older one is taken for it.
debug_id() { grep '^CONFIG_' "$DEBUG_CONFIG" | sha256sum | cut -c 1-8; }

kernel_make() { make -C "$SOURCE" ARCH=x86_64 "$@"; }

# What depends on something that is not there is left out without a word: ask whether all is there.
configure()
{
	local missing
	quietly "$LOG" kernel_make KCONFIG_ALLCONFIG="$DEBUG_CONFIG" allnoconfig
	"$SOURCE/scripts/config" --file "$SOURCE/.config" --set-str LOCALVERSION "-debug-$(debug_id)"
	missing=$(grep -E '^CONFIG_.*=y' "$DEBUG_CONFIG" | grep -vxFf "$SOURCE/.config" || true)
	[ -z "$missing" ] || die "this kernel does not take from $DEBUG_CONFIG: $(echo $missing)"
}

# What building a module needs of the tree, which is most of two gigabytes.
keep_headers()
{
	local release=$1 headers=$WORK/tree/headers/usr/src
	ln -sf "$DEST/vmlinux" "$SOURCE/vmlinux"
	(cd "$SOURCE" && rm -rf Documentation LICENSES block certs crypto drivers fs init io_uring ipc kernel lib mm net \
		rust samples security sound usr virt arch/x86/boot tools/perf tools/testing vmlinux.a vmlinux.o .tmp_vmlinux*)
	(cd "$SOURCE" && find . -type f \( -name '*.[ao]' -o -name '.*.cmd' \) ! -path './scripts/*' ! -path './tools/*' -delete)
	mkdir -p "$headers"
	mv "$SOURCE" "$headers/linux-headers-$release"
}

# get_debug_kernel SERIES: the kernel with checks of a series, in $WORK/tree. Sets RELEASE.
get_debug_kernel()
{
	SOURCE=$WORK/linux-source-$1
	set_up_apt "$1"
	say "$1-debug: fetching the sources"
	unpack_into "$WORK/package" download "linux-source-$1"
	tar -C "$WORK" -xf "$WORK/package/usr/src/linux-source-$1.tar.xz"
	rm -r "$WORK/package"
	configure
	say "$1-debug: building it, which takes a quarter of an hour (the log is $LOG)"
	quietly "$LOG" kernel_make -j"$(nproc)" vmlinux modules
	quietly "$LOG" kernel_make INSTALL_MOD_PATH="$WORK/tree" modules_install
	RELEASE=$(kernel_make -s kernelrelease)
	strip --strip-debug -o "$WORK/tree/vmlinux" "$SOURCE/vmlinux"
	rm -f "$WORK/tree/lib/modules/$RELEASE"/{build,source}
	DEST=$STORE/$RELEASE
	keep_headers "$RELEASE"
	make_base_cpio "$RELEASE"
}
