// SPDX-License-Identifier: GPL-2.0-or-later
/* The reader of ELF objects: a made-up file, this test itself, files that are cut off or lie. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "elf_image.h"
#include "isa/program/object.h"
#include "lib/error.h"

static const struct image_spec usual = {
	.soname = "libusual.so.1", .needed = { "libone.so", "libtwo.so" }, .runpath = "$ORIGIN/../lib",
	.interp = "/lib64/ld-linux-x86-64.so.2", .id = 0xab,
};

static int open_image(struct ost_object **object, const void *bytes, size_t size)
{
	struct ost_error err = { 0 };
	int r = ost_object_open_memory(object, bytes, size, "/some/where/usual.so", &err);

	/* whatever is refused is refused in words, and by the same code */
	if (r) {
		assert_int_equal(r, err.code);
		assert_non_null(strstr(err.text, "/some/where/usual.so"));
		return r;
	}
	r = ost_object_load(*object, &err);
	if (r)
		ost_object_close(*object);
	return r;
}

static struct ost_object *good_image(struct image *im)
{
	struct ost_object *object;

	assert_int_equal(open_image(&object, im, sizeof(*im)), 0);
	return object;
}

static void reads_headers(void **state)
{
	struct ost_error err;
	struct ost_object *object;
	struct image im;

	image_make(&im, &usual);
	assert_int_equal(ost_object_open_memory(&object, &im, sizeof(im), "/x/usual.so", &err), 0);
	assert_false(object->loaded);
	assert_null(ost_object_at(object, IMAGE_AT(code), NULL));
	assert_string_equal(object->name, "libusual.so.1");
	assert_string_equal(object->id, "abababababababababababababababababababab");
	assert_string_equal(object->interpreter, "/lib64/ld-linux-x86-64.so.2");
	assert_string_equal(object->runpath, "$ORIGIN/../lib");
	assert_null(object->rpath);
	assert_int_equal(object->needed_count, 2);
	assert_string_equal(object->needed[1], "libtwo.so");
	assert_true(object->shared && object->dynamic && object->has_interpreter);
	assert_int_equal(object->isa_needed, 3);
	assert_int_equal(object->entry, IMAGE_AT(code));
	assert_int_equal(object->root_count, 1);
	assert_int_equal(object->array_count, 1);
	assert_int_equal(object->arrays[0].start, IMAGE_DATA_AT(array));
	assert_int_equal(object->code_bytes, IMAGE_AT(dyn));
	assert_int_equal(object->tls_size, 32);
	ost_object_close(object);
}

static void splits_what_is_read_only_after_start(void **state)
{
	struct ost_object *object;
	struct image im;
	uint64_t end = (IMAGE_DATA_AT(dyn) + 0x1000) & ~0xfffull;
	size_t left;

	image_make(&im, &usual);
	object = good_image(&im);
	assert_int_equal(object->segment_count, 3);
	assert_true(object->segments[0].execute && !object->segments[0].write);
	assert_int_equal(object->segments[1].end, end);
	assert_false(object->segments[1].write);
	assert_int_equal(object->segments[2].start, end);
	assert_true(object->segments[2].write);
	assert_true(ost_object_is_code(object, IMAGE_AT(code)));
	assert_false(ost_object_is_code(object, IMAGE_DATA_AT(slot)));
	assert_ptr_equal(ost_object_at(object, IMAGE_AT(code), &left), im.code);
	assert_int_equal(left, IMAGE_AT(dyn) - IMAGE_AT(code));
	/* what is past the file's part is zero and has no bytes */
	assert_non_null(ost_object_segment(object, IMAGE_DATA + 0x3000));
	assert_null(ost_object_at(object, IMAGE_DATA + 0x3000, &left));
	assert_null(ost_object_segment(object, 0x8000));
	ost_object_close(object);
}

static void finds_symbols(void **state)
{
	const struct ost_symbol *symbol;
	struct ost_object *object;
	struct image im;

	image_make(&im, &usual);
	object = good_image(&im);
	assert_string_equal(object->damage, "");
	assert_int_equal(object->symbol_count, 5);
	symbol = ost_object_symbol(object, IMAGE_AT(code) + 3);
	assert_non_null(symbol);
	assert_string_equal(symbol->name, "alpha");
	assert_true(symbol->dynamic && !symbol->old_version);
	symbol = ost_object_symbol(object, IMAGE_AT(code) + 40);
	assert_true(symbol && symbol->old_version);
	symbol = ost_object_symbol(object, IMAGE_AT(code) + 16);
	assert_true(symbol && symbol->type == STT_GNU_IFUNC);
	assert_null(ost_object_symbol(object, IMAGE_AT(code) + 60));
	symbol = &object->symbols[object->symbol_count - 1];
	assert_int_equal(symbol->type, STT_TLS);
	assert_int_equal(symbol->address, IMAGE_DATA_AT(tls) + 8);
	ost_object_close(object);
}

static void finds_relocations(void **state)
{
	const struct ost_reloc *reloc;
	struct ost_object *object;
	struct image im;

	image_make(&im, &usual);
	object = good_image(&im);
	/* array, slot[0] to slot[5] and slot[8], of which RELR has array, slot[5] and slot[8] */
	assert_int_equal(object->reloc_count, 8);
	for (size_t i = 1; i < object->reloc_count; i++)
		assert_true(object->relocs[i - 1].offset < object->relocs[i].offset);
	reloc = ost_object_reloc(object, IMAGE_DATA_AT(array));
	assert_true(reloc && reloc->type == R_X86_64_RELATIVE);
	assert_int_equal(reloc->addend, IMAGE_AT(code) + 16);
	reloc = ost_object_reloc(object, IMAGE_DATA_AT(slot[5]));
	assert_true(reloc && reloc->addend == (int64_t)IMAGE_AT(code) + 32);
	reloc = ost_object_reloc(object, IMAGE_DATA_AT(slot[8]));
	assert_true(reloc && reloc->addend == (int64_t)IMAGE_DATA_AT(slot));
	reloc = ost_object_reloc(object, IMAGE_DATA_AT(slot[2]));
	assert_true(reloc && reloc->type == R_X86_64_GLOB_DAT && !reloc->defined && !reloc->local);
	assert_string_equal(reloc->symbol, "beta");
	/* of a protected symbol this object's own definition holds */
	reloc = ost_object_reloc(object, IMAGE_DATA_AT(slot[3]));
	assert_true(reloc && reloc->local && reloc->symbol_type == STT_GNU_IFUNC);
	assert_int_equal(reloc->defined, IMAGE_AT(code) + 16);
	assert_int_equal(reloc->addend, 4);
	reloc = ost_object_reloc(object, IMAGE_DATA_AT(slot[4]));
	assert_true(reloc && reloc->type == R_X86_64_JUMP_SLOT && !reloc->local);
	assert_int_equal(reloc->defined, IMAGE_AT(code));
	assert_null(ost_object_reloc(object, IMAGE_DATA_AT(slot[4]) + 1));
	assert_null(ost_object_reloc(object, IMAGE_DATA_AT(slot[7])));
	assert_int_equal(ost_object_relocs_from(object, 0), 0);
	assert_int_equal(ost_object_relocs_from(object, UINT64_MAX), object->reloc_count);
	ost_object_close(object);
}

static void finds_functions(void **state)
{
	struct ost_object *object;
	struct image im;

	image_make(&im, &usual);
	object = good_image(&im);
	assert_int_equal(object->function_count, 3);
	assert_int_equal(object->functions[0].start, IMAGE_AT(code));
	assert_int_equal(object->functions[1].end, IMAGE_AT(code) + 28);
	ost_object_close(object);
	/* one function that reaches into the next is cut there */
	im.fde[0].size = 24;
	object = good_image(&im);
	assert_int_equal(object->functions[0].end, IMAGE_AT(code) + 16);
	ost_object_close(object);
	/* broken ones are left out, and that is said */
	im.fde[1].length = 0x7fffffff;
	object = good_image(&im);
	assert_non_null(strstr(object->damage, "unwind"));
	ost_object_close(object);
}

static void a_plt_is_no_function(void **state)
{
	static const uint8_t plt_entry[] = { 0xff, 0x35, 1, 2, 3, 4, 0xff, 0x25, 1, 2, 3, 4 };
	struct ost_object *object;
	struct image im;

	image_make(&im, &usual);
	memcpy(im.code + 16, plt_entry, sizeof(plt_entry));
	im.fde[1].size = 16;
	object = good_image(&im);
	assert_int_equal(object->function_count, 2);
	ost_object_close(object);
}

static void names_what_has_no_build_id(void **state)
{
	struct image_spec spec = usual;
	struct ost_object *object;
	char id[OST_OBJECT_ID_MAX];
	uint64_t check;
	struct image im;

	spec.id = 0;
	image_make(&im, &spec);
	object = good_image(&im);
	assert_int_equal(strncmp(object->id, "sha256:", 7), 0);
	assert_int_equal(strlen(object->id), 63);
	strcpy(id, object->id);
	check = object->check;
	ost_object_close(object);
	im.code[50] ^= 1;
	object = good_image(&im);
	assert_string_not_equal(object->id, id);
	ost_object_close(object);
	/* Go's own id is not taken for one where it is only a word */
	memcpy(im.id.owner, "Go\0", 4);
	im.id.head = (Elf64_Nhdr){ 4, 20, 4 };
	memcpy(im.id.id, "redacted/redacted/re", 20);
	object = good_image(&im);
	assert_int_equal(strncmp(object->id, "sha256:", 7), 0);
	assert_true(object->check != check);
	ost_object_close(object);
}

static void refuses_what_it_cannot_read(void **state)
{
	struct ost_object *object;
	struct image im;

	image_make(&im, &usual);
	assert_int_equal(open_image(&object, "", 0), -ENOEXEC);
	assert_int_equal(open_image(&object, "#!/bin/sh\n", 10), -ENOEXEC);
	im.eh.e_machine = EM_AARCH64;
	assert_int_equal(open_image(&object, &im, sizeof(im)), -ENOTSUP);
	im.eh.e_machine = EM_X86_64;
	im.eh.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(open_image(&object, &im, sizeof(im)), -ENOTSUP);
	im.eh.e_ident[EI_CLASS] = ELFCLASS64;
	im.eh.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(open_image(&object, &im, sizeof(im)), -ENOTSUP);
	im.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	im.eh.e_type = ET_REL;
	assert_int_equal(open_image(&object, &im, sizeof(im)), -ENOTSUP);
	im.eh.e_type = ET_CORE;
	assert_int_equal(open_image(&object, &im, sizeof(im)), -ENOTSUP);
	im.eh.e_type = ET_DYN;
	im.eh.e_phnum = 2000;
	assert_int_equal(open_image(&object, &im, sizeof(im)), -EBADMSG);
	im.eh.e_phnum = 9;
	im.ph[1].p_filesz++;
	assert_int_equal(open_image(&object, &im, sizeof(im)), -EBADMSG);
	im.ph[1].p_filesz--;
	im.ph[1].p_vaddr++;
	assert_int_equal(open_image(&object, &im, sizeof(im)), -EBADMSG);
	im.ph[1].p_vaddr--;
	im.ph[1].p_memsz = UINT64_MAX;
	assert_int_equal(open_image(&object, &im, sizeof(im)), -EBADMSG);
}

/* Every question, so that whatever it would read out of bounds is read. */
static void ask_everything(const struct ost_object *object)
{
	volatile size_t sum = 0;
	size_t left;

	for (size_t i = 0; i < object->segment_count; i++) {
		const struct ost_segment *s = &object->segments[i];

		assert_true(s->start < s->end && s->size <= s->end - s->start);
		if (i)
			assert_true(s[-1].end <= s->start);
		for (uint64_t at = 0; at < s->size; at++)
			sum += s->bytes[at];
	}
	for (size_t i = 0; i < object->symbol_count; i++) {
		sum += strlen(object->symbols[i].name);
		sum += !!ost_object_symbol(object, object->symbols[i].address);
	}
	for (size_t i = 0; i < object->reloc_count; i++) {
		sum += object->relocs[i].symbol ? strlen(object->relocs[i].symbol) : 0;
		assert_ptr_equal(ost_object_reloc(object, object->relocs[i].offset),
				 &object->relocs[i]);
	}
	for (size_t i = 0; i < object->function_count; i++) {
		assert_true(object->functions[i].start < object->functions[i].end);
		if (i)
			assert_true(object->functions[i - 1].end <= object->functions[i].start);
		assert_non_null(ost_object_at(object, object->functions[i].end - 1, &left));
	}
	for (size_t i = 0; i < object->section_count; i++)
		sum += strlen(object->sections[i].name);
	for (size_t i = 0; i < object->needed_count; i++)
		sum += strlen(object->needed[i]);
}

/* A block of the exact size, so that a sanitizer sees one byte too many. */
static int try_bytes(const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct ost_object *object;
	int r;

	memcpy(copy, bytes, size);
	r = open_image(&object, copy, size);
	if (!r) {
		ask_everything(object);
		ost_object_close(object);
	}
	free(copy);
	return r;
}

static void survives_being_cut_off(void **state)
{
	struct image im;

	image_make(&im, &usual);
	for (size_t size = 0; size < sizeof(im); size++)
		assert_true(try_bytes(&im, size) < 0);
	assert_int_equal(try_bytes(&im, sizeof(im)), 0);
}

/* Each byte gets each of these, and each 8 bytes as a number. */
static void survives_every_changed_byte(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	static const uint64_t numbers[] = {
		0, 1, UINT64_MAX, 1ull << 63, 1ull << 32, UINT32_MAX, 0x10000,
	};
	struct image im, changed;
	size_t opened = 0;

	image_make(&im, &usual);
	for (size_t at = 0; at < sizeof(im); at++)
		for (size_t i = 0; i < sizeof(values); i++) {
			changed = im;
			((uint8_t *)&changed)[at] = values[i];
			opened += !try_bytes(&changed, sizeof(changed));
		}
	for (size_t at = 0; at + 8 <= sizeof(im); at += 4)
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
			changed = im;
			memcpy((uint8_t *)&changed + at, &numbers[i], 8);
			opened += !try_bytes(&changed, sizeof(changed));
		}
	/* most of it isn't looked at to open it */
	assert_true(opened > sizeof(im));
}

/* Tables that begin in their segment and end out of it, or count to more than there is. */
static void says_what_it_left_out(void **state)
{
	struct ost_object *object;
	struct image im;

	image_make(&im, &usual);
	im.rela[2].r_offset = 0x500000;
	object = good_image(&im);
	assert_non_null(strstr(object->damage, "0x500000"));
	ost_object_close(object);
	image_make(&im, &usual);
	im.gnu.bucket = 0x40000000;
	object = good_image(&im);
	assert_non_null(strstr(object->damage, "hash"));
	ost_object_close(object);
}

/* A word that no variable of ours need be at. */
__attribute__((no_sanitize("address"))) static uint64_t word_at(uint64_t address)
{
	return *(volatile uint64_t *)address;
}

/* The test's own file, against what the loader made of it. */
static void reads_itself(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	struct ost_error err = { 0 };
	const struct ost_symbol *symbol;
	struct ost_object *object;
	struct link_map *map = _r_debug.r_map;
	uint64_t here = (uint64_t)(uintptr_t)reads_itself - map->l_addr;
	size_t left;

	assert_int_equal(ost_object_open(&object, fd, "/proc/self/exe", &err), 0);
	close(fd);
	assert_int_equal(ost_object_load(object, &err), 0);
	assert_int_equal(ost_object_load(object, &err), 0);
	assert_string_equal(object->damage, "");
	assert_true(ost_object_is_code(object, here));
	assert_memory_equal(ost_object_at(object, here, &left), (void *)reads_itself, 32);
	symbol = ost_object_symbol(object, here);
	assert_non_null(symbol);
	assert_string_equal(symbol->name, "reads_itself");
	assert_false(symbol->dynamic);
	assert_true(object->function_count > 20 && object->reloc_count > 10);
	for (size_t i = 0; i < object->reloc_count; i++) {
		const struct ost_reloc *reloc = &object->relocs[i];

		/* what is written only before the start still has the loader's value */
		if (reloc->type == R_X86_64_RELATIVE &&
		    !ost_object_segment(object, reloc->offset)->write)
			assert_int_equal(word_at(map->l_addr + reloc->offset),
					 map->l_addr + reloc->addend);
	}
	assert_non_null(ost_object_section(object, here));
	assert_string_equal(ost_object_section(object, here)->name, ".text");
	ask_everything(object);
	ost_object_close(object);
}

static void notices_a_changed_file(void **state)
{
	int fd = memfd_create("object", MFD_CLOEXEC);
	struct ost_error err = { 0 };
	struct ost_object *object;
	struct image im;

	image_make(&im, &usual);
	assert_int_equal(write(fd, &im, sizeof(im)), sizeof(im));
	assert_int_equal(ost_object_open(&object, fd, "memory", &err), 0);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(ost_object_load(object, &err), -ESTALE);
	assert_non_null(strstr(err.text, "changed"));
	ost_object_close(object);
	assert_int_equal(ost_object_open(&object, fd, "memory", &err), -EBADMSG);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(ost_object_open(&object, fd, "memory", &err), -ENOEXEC);
	close(fd);
	fd = open("/", O_RDONLY | O_DIRECTORY);
	assert_int_equal(ost_object_open(&object, fd, "/", &err), -EISDIR);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_headers),
		cmocka_unit_test(splits_what_is_read_only_after_start),
		cmocka_unit_test(finds_symbols),
		cmocka_unit_test(finds_relocations),
		cmocka_unit_test(finds_functions),
		cmocka_unit_test(a_plt_is_no_function),
		cmocka_unit_test(names_what_has_no_build_id),
		cmocka_unit_test(refuses_what_it_cannot_read),
		cmocka_unit_test(survives_being_cut_off),
		cmocka_unit_test(survives_every_changed_byte),
		cmocka_unit_test(says_what_it_left_out),
		cmocka_unit_test(reads_itself),
		cmocka_unit_test(notices_a_changed_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
