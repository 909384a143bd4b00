# SPDX-License-Identifier: GPL-2.0-or-later
# What every Makefile here shares: quiet output (V=1 shows the commands), flags, sanitizers (SAN=1).

ifeq ($(V),1)
Q :=
say =
else
Q := @
MAKEFLAGS += --no-print-directory
say = @printf '  %-8s%s\n' $(1) $(patsubst $(O)/%,%,$(2));
endif

CFLAGS ?= -O2 -g
CFLAGS_ALL = -std=gnu11 $(CFLAGS) -D_GNU_SOURCE -Wall -Wextra -Wno-unused-parameter -Wmissing-prototypes \
	-Wstrict-prototypes -Wshadow -Werror -fno-strict-aliasing -fstack-protector-strong $(SAN_FLAGS)
LDFLAGS_ALL = $(LDFLAGS) -Wl,-z,relro,-z,now $(SAN_FLAGS)

# SAN=1: AddressSanitizer and UndefinedBehaviorSanitizer, any report ends the program
ifeq ($(SAN),1)
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
