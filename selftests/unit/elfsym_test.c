// SPDX-License-Identifier: GPL-2.0-or-later
/* The ELF reader on a real program, on made-up files, and on files that are cut off or lie. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/elfsym.h"

/*
 * A shared object with both hash tables, two symbols ("alpha" defined, "beta" wanted) and a note.
 * Addresses equal offsets. One bucket each, a bloom filter that lets everything through.
 */
struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4];
	Elf64_Dyn dyn[7];
	Elf64_Sym sym[3];
	char str[32];
	struct {
		uint32_t buckets, symoffset, bloom_size, shift;
		uint64_t bloom;
		uint32_t bucket, chain[2];
	} gnu;
	struct {
		uint32_t buckets, chains, bucket, chain[3];
	} sysv;
	struct {
		Elf64_Nhdr head;
		char owner[4], id[4];
	} note;
};

#define AT(member) offsetof(struct image, member)

static uint32_t gnu_hash(const char *name)
{
	uint32_t h = 5381;

	while (*name)
		h = h * 33 + (unsigned char)*name++;
	return h;
}

static void make_image(struct image *im)
{
	memset(im, 0, sizeof(*im));
	memcpy(im->eh.e_ident, ELFMAG, SELFMAG);
	im->eh.e_ident[EI_CLASS] = ELFCLASS64;
	im->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	im->eh.e_machine = EM_X86_64;
	im->eh.e_phoff = AT(ph);
	im->eh.e_phentsize = sizeof(Elf64_Phdr);
	im->eh.e_phnum = 4;
	im->ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_filesz = sizeof(*im), .p_flags = PF_R };
	im->ph[1] = (Elf64_Phdr){ .p_type = PT_DYNAMIC, .p_offset = AT(dyn),
				  .p_filesz = sizeof(im->dyn) };
	im->ph[2] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = AT(note),
				  .p_filesz = sizeof(im->note) };
	im->ph[3] = (Elf64_Phdr){ .p_type = PT_INTERP };
	im->dyn[0] = (Elf64_Dyn){ DT_NEEDED, { 1 } };
	im->dyn[1] = (Elf64_Dyn){ DT_SYMTAB, { AT(sym) } };
	im->dyn[2] = (Elf64_Dyn){ DT_STRTAB, { AT(str) } };
	im->dyn[3] = (Elf64_Dyn){ DT_STRSZ, { 12 } };
	im->dyn[4] = (Elf64_Dyn){ DT_GNU_HASH, { AT(gnu) } };
	im->dyn[5] = (Elf64_Dyn){ DT_HASH, { AT(sysv) } };
	memcpy(im->str, "\0alpha\0beta", 12);
	im->sym[1] = (Elf64_Sym){ .st_name = 1, .st_shndx = 1 };
	im->sym[2] = (Elf64_Sym){ .st_name = 7, .st_shndx = SHN_UNDEF };
	im->gnu.buckets = im->gnu.symoffset = im->gnu.bloom_size = 1;
	im->gnu.bloom = UINT64_MAX;
	im->gnu.bucket = 1;
	im->gnu.chain[0] = gnu_hash("alpha") & ~1u;
	im->gnu.chain[1] = gnu_hash("beta") | 1;
	im->sysv.buckets = 1;
	im->sysv.chains = 3;
	im->sysv.bucket = 2;
	im->sysv.chain[2] = 1;
	im->note.head = (Elf64_Nhdr){ 4, 4, 4 };
	memcpy(im->note.owner, "Go\0", 4);
}

static int exports(const struct image *im, const char *name)
{
	struct ost_elf elf;
	int r = ost_elf_open_memory(&elf, im, sizeof(*im));

	return r ? r : ost_elf_exports(&elf, name);
}

static void finds_in_both_kinds_of_table(void **state)
{
	struct image im;

	make_image(&im);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(exports(&im, "alpha"), 1);
		assert_int_equal(exports(&im, "beta"), 0);
		assert_int_equal(exports(&im, "alph"), 0);
		assert_int_equal(exports(&im, "alphabet"), 0);
		assert_int_equal(exports(&im, ""), 0);
		im.dyn[4].d_tag = DT_DEBUG;
	}
	im.dyn[5].d_tag = DT_DEBUG;
	assert_int_equal(exports(&im, "alpha"), 0);
}

static void tells_programs_apart(void **state)
{
	struct ost_elf elf;
	struct image im;

	make_image(&im);
	assert_int_equal(ost_elf_open_memory(&elf, &im, sizeof(im)), 0);
	assert_true(elf.interpreter && elf.needed == 1 && elf.dynamic);
	assert_int_equal(ost_elf_is_go(&elf), 1);
	im.note.owner[1] = 'N';
	im.ph[3].p_type = PT_NULL;
	im.dyn[0].d_tag = DT_DEBUG;
	assert_int_equal(ost_elf_open_memory(&elf, &im, sizeof(im)), 0);
	assert_true(!elf.interpreter && !elf.needed);
	assert_int_equal(ost_elf_is_go(&elf), 0);
}

static void finds_build_information_of_go(void **state)
{
	struct ost_elf elf;
	struct {
		struct image im;
		_Alignas(16) char data[64];
	} file = { 0 };

	make_image(&file.im);
	file.im.note.owner[0] = 'X';
	file.im.ph[3] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W,
				      .p_offset = (char *)file.data - (char *)&file,
				      .p_vaddr = 0x100000, .p_filesz = 64 };
	assert_int_equal(ost_elf_open_memory(&elf, &file, sizeof(file)), 0);
	assert_int_equal(ost_elf_is_go(&elf), 0);
	memcpy(file.data + 16, "\xff Go buildinf:", 14);
	assert_int_equal(ost_elf_is_go(&elf), 1);
}

static void refuses_what_is_none_of_ours(void **state)
{
	struct ost_elf elf;
	struct image im;

	assert_int_equal(ost_elf_open_memory(&elf, "#!/bin/sh\n", 10), -ENOEXEC);
	assert_int_equal(ost_elf_open_memory(&elf, NULL, 0), -ENOEXEC);
	make_image(&im);
	im.eh.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(ost_elf_open_memory(&elf, &im, sizeof(im)), -ENOTSUP);
	make_image(&im);
	im.eh.e_phnum = 65535;
	assert_int_equal(ost_elf_open_memory(&elf, &im, sizeof(im)), -EBADMSG);
	make_image(&im);
	im.eh.e_phoff = UINT64_MAX - 8;
	assert_int_equal(ost_elf_open_memory(&elf, &im, sizeof(im)), -EBADMSG);
}

/* Tables that lie are told as broken: a chain in a circle, indices and offsets far away. */
static void ends_on_tables_that_lie(void **state)
{
	struct image im;

	make_image(&im);
	im.gnu.buckets = 0;
	assert_int_equal(exports(&im, "alpha"), -EBADMSG);
	make_image(&im);
	im.gnu.bucket = 0x7fffffff;
	assert_int_equal(exports(&im, "alpha"), -EBADMSG);
	make_image(&im);
	im.gnu.symoffset = 5;
	assert_int_equal(exports(&im, "alpha"), -EBADMSG);
	make_image(&im);
	im.sym[1].st_name = 0xffffffff;
	assert_int_equal(exports(&im, "alpha"), -EBADMSG);
	make_image(&im);
	im.dyn[1].d_un.d_ptr = UINT64_MAX - 10;
	assert_int_equal(exports(&im, "alpha"), -EBADMSG);
	make_image(&im);
	im.dyn[4].d_tag = DT_DEBUG;
	im.sysv.chain[2] = 2;
	assert_int_equal(exports(&im, "alpha"), -EBADMSG);
	im.sysv.chain[2] = 3;
	assert_int_equal(exports(&im, "alpha"), -EBADMSG);
	make_image(&im);
	im.gnu.bloom = 0;
	assert_int_equal(exports(&im, "alpha"), 0);
}

static void survives_being_cut_off_and_changed(void **state)
{
	struct ost_elf elf;
	struct image im;

	make_image(&im);
	for (size_t len = 0; len < sizeof(im); len++) {
		char *copy = malloc(len ? len : 1);

		memcpy(copy, &im, len);
		if (!ost_elf_open_memory(&elf, copy, len)) {
			ost_elf_exports(&elf, "alpha");
			ost_elf_is_go(&elf);
		}
		free(copy);
	}
	for (size_t at = 0; at < sizeof(im); at++) {
		make_image(&im);
		((unsigned char *)&im)[at] ^= 0xff;
		if (ost_elf_open_memory(&elf, &im, sizeof(im)))
			continue;
		ost_elf_exports(&elf, "alpha");
		ost_elf_is_go(&elf);
	}
}

static void reads_a_real_program(void **state)
{
	struct ost_elf elf;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(ost_elf_open(&elf, fd), 0);
	assert_true(elf.interpreter && elf.needed && elf.dynamic);
	assert_int_equal(ost_elf_exports(&elf, "no_such_symbol_anywhere"), 0);
	assert_int_equal(ost_elf_is_go(&elf), 0);
	close(fd);
	assert_int_equal(ost_elf_open(&elf, fd), -EBADF);
	fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_int_equal(ost_elf_open(&elf, fd), -ENOEXEC);
	close(fd);
}

/* A file that shrinks after its size was read is an error, not a signal. */
static void survives_a_file_that_shrinks(void **state)
{
	int fd = memfd_create("program", MFD_CLOEXEC);
	struct ost_elf elf;
	struct image im;

	make_image(&im);
	assert_int_equal(write(fd, &im, sizeof(im)), sizeof(im));
	assert_int_equal(ost_elf_open(&elf, fd), 0);
	assert_int_equal(ost_elf_exports(&elf, "alpha"), 1);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(ost_elf_exports(&elf, "alpha"), -EBADMSG);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_in_both_kinds_of_table),
		cmocka_unit_test(tells_programs_apart),
		cmocka_unit_test(finds_build_information_of_go),
		cmocka_unit_test(refuses_what_is_none_of_ours),
		cmocka_unit_test(ends_on_tables_that_lie),
		cmocka_unit_test(survives_being_cut_off_and_changed),
		cmocka_unit_test(reads_a_real_program),
		cmocka_unit_test(survives_a_file_that_shrinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
