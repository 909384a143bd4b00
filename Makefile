# SPDX-License-Identifier: GPL-2.0-or-later
# Ostler. `make help` lists the targets; O= chooses the output folder, V=1 shows commands, KDIR= the kernel
# to build the module for (its headers), SAN=1 builds userspace with sanitizers.

O ?= build
override O := $(abspath $(O))
KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) $(lastword $(sort $(wildcard /lib/modules/*/build))))
PREFIX ?= /usr/local
export O KDIR V SAN PREFIX

SUB = +$(if $(V),,@)$(MAKE) --no-print-directory O=$(O)

all: kmod bpf userspace selftests ## everything below

kmod: ## the kernel module, for the kernel whose headers KDIR names
	$(SUB) -C kmod

bpf: ## the eBPF probes and their skeleton
	$(SUB) -C bpf

userspace: bpf ## ostlerd, ostlerctl and the in-process collector
	$(SUB) -C userspace

selftests: userspace ## the test programs
	$(SUB) -C selftests

check: ## build and pass every test, in worker hosts where this host is no fit one
	@tools/check

bench: ## the measurements; prints what each one means and its goal
	@tools/bench

install: all ## install below PREFIX (default /usr/local), DESTDIR honoured
	@tools/install

clean: ## remove the output folder
	rm -rf $(O)

help:
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' Makefile | expand -t 16

.PHONY: all kmod bpf userspace selftests check bench install clean help
