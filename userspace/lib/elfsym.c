// SPDX-License-Identifier: GPL-2.0-or-later
#include "elfsym.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Longest symbol that is ever asked for; longer names in a file can't be equal to one. */
#define SYMBOL_MAX 256

/* How far into the first writable segment Go's linker puts its build information, at most. */
#define GO_SEARCH (64 * 1024)

/* A shorter build-id tells no builds apart, bytes. */
#define BUILD_ID_MIN 8

static int read_at(const struct ost_elf *elf, uint64_t offset, void *buf, size_t len)
{
	size_t have = 0;

	if (offset > elf->size || len > elf->size - offset)
		return -EBADMSG;
	if (elf->data) {
		memcpy(buf, elf->data + offset, len);
		return 0;
	}
	while (have < len) {
		ssize_t n = pread(elf->fd, (char *)buf + have, len - have, offset + have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EBADMSG;
		have += n;
	}
	return 0;
}

/* Where in the file the @len bytes at @vaddr are. */
static int file_offset(const struct ost_elf *elf, uint64_t vaddr, uint64_t len, uint64_t *offset)
{
	for (unsigned int i = 0; i < elf->segments; i++) {
		const struct ost_elf_segment *s = &elf->segment[i];

		if (vaddr >= s->vaddr && vaddr - s->vaddr <= s->filesz &&
		    len <= s->filesz - (vaddr - s->vaddr)) {
			*offset = s->offset + (vaddr - s->vaddr);
			return 0;
		}
	}
	return -EBADMSG;
}

static int read_vaddr(const struct ost_elf *elf, uint64_t vaddr, void *buf, size_t len)
{
	uint64_t offset;
	int r = file_offset(elf, vaddr, len, &offset);

	return r ? r : read_at(elf, offset, buf, len);
}

static int read_dynamic(struct ost_elf *elf, uint64_t offset, uint64_t size)
{
	Elf64_Dyn dyn;

	if (size > OST_ELF_TABLE_MAX)
		return -EBADMSG;
	for (uint64_t at = 0; at + sizeof(dyn) <= size; at += sizeof(dyn)) {
		int r = read_at(elf, offset + at, &dyn, sizeof(dyn));

		if (r)
			return r;
		switch (dyn.d_tag) {
		case DT_NULL:
			return 0;
		case DT_NEEDED:
			elf->needed++;
			break;
		case DT_SYMTAB:
			elf->symtab = dyn.d_un.d_ptr;
			break;
		case DT_STRTAB:
			elf->strtab = dyn.d_un.d_ptr;
			break;
		case DT_STRSZ:
			elf->strsz = dyn.d_un.d_val;
			break;
		case DT_GNU_HASH:
			elf->gnu_hash = dyn.d_un.d_ptr;
			break;
		case DT_HASH:
			elf->sysv_hash = dyn.d_un.d_ptr;
			break;
		}
	}
	return 0;
}

static void take_segment(struct ost_elf *elf, const Elf64_Phdr *ph)
{
	/* one that would wrap around is as good as absent: nothing in it can be found */
	if (elf->segments == COUNT(elf->segment) || ph->p_vaddr + ph->p_filesz < ph->p_vaddr ||
	    ph->p_offset + ph->p_filesz < ph->p_offset)
		return;
	elf->segment[elf->segments++] = (struct ost_elf_segment){
		.vaddr = ph->p_vaddr,
		.offset = ph->p_offset,
		.filesz = ph->p_filesz,
		.writable = ph->p_flags & PF_W,
	};
}

static int read_program_headers(struct ost_elf *elf, const Elf64_Ehdr *eh)
{
	uint64_t dynamic_offset = 0, dynamic_size = 0;

	if (eh->e_phentsize != sizeof(Elf64_Phdr) || eh->e_phnum > OST_ELF_PHDR_MAX)
		return -EBADMSG;
	for (unsigned int i = 0; i < eh->e_phnum; i++) {
		Elf64_Phdr ph;
		int r = read_at(elf, eh->e_phoff + i * sizeof(ph), &ph, sizeof(ph));

		if (r)
			return r;
		if (ph.p_type == PT_LOAD)
			take_segment(elf, &ph);
		if (ph.p_type == PT_INTERP)
			elf->interpreter = true;
		if (ph.p_type == PT_NOTE && elf->notes < COUNT(elf->note_offset)) {
			elf->note_offset[elf->notes] = ph.p_offset;
			elf->note_size[elf->notes++] = ph.p_filesz;
		}
		if (ph.p_type == PT_DYNAMIC) {
			dynamic_offset = ph.p_offset;
			dynamic_size = ph.p_filesz;
		}
	}
	return dynamic_size ? read_dynamic(elf, dynamic_offset, dynamic_size) : 0;
}

static int open_common(struct ost_elf *elf)
{
	Elf64_Ehdr eh;
	int r = read_at(elf, 0, &eh, sizeof(eh));

	if (r == -EBADMSG || (!r && memcmp(eh.e_ident, ELFMAG, SELFMAG)))
		return -ENOEXEC;
	if (r)
		return r;
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOTSUP;
	elf->machine = eh.e_machine;
	r = read_program_headers(elf, &eh);
	elf->dynamic = !r && elf->symtab && elf->strtab && (elf->gnu_hash || elf->sysv_hash);
	return r;
}

int ost_elf_open(struct ost_elf *elf, int fd)
{
	struct stat st;

	*elf = (struct ost_elf){ .fd = fd };
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOEXEC;
	elf->size = st.st_size;
	return open_common(elf);
}

int ost_elf_open_memory(struct ost_elf *elf, const void *data, size_t size)
{
	*elf = (struct ost_elf){ .fd = -1, .data = data, .size = size };
	return data ? open_common(elf) : -ENOEXEC;
}

/* Is symbol number @index a definition of @name? */
static int symbol_is(const struct ost_elf *elf, uint32_t index, const char *name)
{
	size_t len = strlen(name) + 1;
	char found[SYMBOL_MAX];
	Elf64_Sym sym;
	int r;

	if (elf->symtab > UINT64_MAX - (uint64_t)index * sizeof(sym))
		return -EBADMSG;
	r = read_vaddr(elf, elf->symtab + (uint64_t)index * sizeof(sym), &sym, sizeof(sym));
	if (r)
		return r;
	if (sym.st_shndx == SHN_UNDEF)
		return 0;
	if (sym.st_name >= elf->strsz || elf->strtab > UINT64_MAX - sym.st_name)
		return -EBADMSG;
	/* a name at the very end of the table may be shorter than what is compared */
	if (len > elf->strsz - sym.st_name)
		return 0;
	r = read_vaddr(elf, elf->strtab + sym.st_name, found, len);
	return r ? r : !memcmp(found, name, len);
}

static uint32_t gnu_hash_of(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (uint8_t)*name;
	return h;
}

/*
 * The layout of DT_GNU_HASH: header, bloom filter words, buckets, chain values from symoffset on.
 */
static int gnu_hash_find(const struct ost_elf *elf, const char *name)
{
	struct { uint32_t buckets, symoffset, bloom_size, bloom_shift; } head;
	uint32_t hash = gnu_hash_of(name), index, value;
	uint64_t bloom, buckets, chain, at;
	int r = read_vaddr(elf, elf->gnu_hash, &head, sizeof(head));

	if (r)
		return r;
	if (!head.buckets || !head.bloom_size)
		return -EBADMSG;
	at = elf->gnu_hash + sizeof(head);
	r = read_vaddr(elf, at + (hash / 64 % head.bloom_size) * 8ull, &bloom, sizeof(bloom));
	if (r)
		return r;
	if (!(bloom >> (hash % 64) & 1) || !(bloom >> ((hash >> (head.bloom_shift & 31)) % 64) & 1))
		return 0;
	buckets = at + head.bloom_size * 8ull;
	chain = buckets + head.buckets * 4ull;
	r = read_vaddr(elf, buckets + (hash % head.buckets) * 4ull, &index, sizeof(index));
	if (r || !index)
		return r;
	for (unsigned int steps = 0; steps < OST_ELF_CHAIN_MAX; steps++, index++) {
		if (index < head.symoffset)
			return -EBADMSG;
		r = read_vaddr(elf, chain + (index - head.symoffset) * 4ull, &value, sizeof(value));
		if (r)
			return r;
		if ((value | 1) == (hash | 1)) {
			r = symbol_is(elf, index, name);
			if (r)
				return r;
		}
		if (value & 1)
			return 0;
	}
	return -EBADMSG;
}

/* The hash of the System V ABI, object files, hash table. */
static uint32_t sysv_hash_of(const char *name)
{
	uint32_t h = 0;

	for (; *name; name++) {
		h = (h << 4) + (uint8_t)*name;
		h ^= (h & 0xf0000000) >> 24;
		h &= 0x0fffffff;
	}
	return h;
}

static int sysv_hash_find(const struct ost_elf *elf, const char *name)
{
	struct { uint32_t buckets, chains; } head;
	uint32_t index;
	uint64_t buckets, chain;
	int r = read_vaddr(elf, elf->sysv_hash, &head, sizeof(head));

	if (r)
		return r;
	if (!head.buckets)
		return -EBADMSG;
	buckets = elf->sysv_hash + sizeof(head);
	chain = buckets + head.buckets * 4ull;
	r = read_vaddr(elf, buckets + (sysv_hash_of(name) % head.buckets) * 4ull, &index,
		       sizeof(index));
	for (unsigned int steps = 0; !r && index && steps < OST_ELF_CHAIN_MAX; steps++) {
		if (index >= head.chains)
			return -EBADMSG;
		r = symbol_is(elf, index, name);
		if (r)
			return r;
		r = read_vaddr(elf, chain + index * 4ull, &index, sizeof(index));
	}
	return r ? r : index ? -EBADMSG : 0;
}

int ost_elf_exports(const struct ost_elf *elf, const char *symbol)
{
	if (!elf->dynamic || strlen(symbol) >= SYMBOL_MAX)
		return 0;
	if (elf->gnu_hash)
		return gnu_hash_find(elf, symbol);
	return sysv_hash_find(elf, symbol);
}

/* Is there a note of this owner and type (0: any) with at least so much in it? */
static int has_note(const struct ost_elf *elf, uint64_t offset, uint64_t size, const char owner[4],
		    uint32_t type, uint32_t least)
{
	Elf64_Nhdr note;
	char name[4];

	if (size > OST_ELF_TABLE_MAX)
		size = OST_ELF_TABLE_MAX;
	for (uint64_t at = 0; at + sizeof(note) + sizeof(name) <= size;) {
		int r = read_at(elf, offset + at, &note, sizeof(note));

		if (!r)
			r = read_at(elf, offset + at + sizeof(note), name, sizeof(name));
		if (r)
			return r;
		if (note.n_namesz == sizeof(name) && !memcmp(name, owner, sizeof(name)) &&
		    (!type || note.n_type == type) && note.n_descsz >= least)
			return 1;
		at += sizeof(note) + ((note.n_namesz + 3ull) & ~3ull) +
		      ((note.n_descsz + 3ull) & ~3ull);
	}
	return 0;
}

static int has_go_buildinfo(const struct ost_elf *elf, const struct ost_elf_segment *s)
{
	/* written apart so that this program does not carry the magic itself */
	static const char lead = (char)0xff, magic[] = " Go buildinf:";
	char block[4096];
	uint64_t end = s->filesz < GO_SEARCH ? s->filesz : GO_SEARCH;

	for (uint64_t at = 0; at + 32 <= end; at += sizeof(block)) {
		size_t len = end - at < sizeof(block) ? end - at : sizeof(block);
		int r = read_at(elf, s->offset + at, block, len);

		if (r)
			return r;
		for (size_t i = 0; i + sizeof(magic) <= len; i += 16)
			if (block[i] == lead && !memcmp(block + i + 1, magic, sizeof(magic) - 1))
				return 1;
	}
	return 0;
}

int ost_elf_has_build_id(const struct ost_elf *elf)
{
	for (unsigned int i = 0; i < elf->notes; i++) {
		int r = has_note(elf, elf->note_offset[i], elf->note_size[i], "GNU", NT_GNU_BUILD_ID,
				 BUILD_ID_MIN);

		if (r)
			return r;
	}
	return 0;
}

int ost_elf_is_go(const struct ost_elf *elf)
{
	int r;

	for (unsigned int i = 0; i < elf->notes; i++) {
		/* its type 4 is Go's own build id; any will do */
		r = has_note(elf, elf->note_offset[i], elf->note_size[i], "Go\0", 0, 0);
		if (r)
			return r;
	}
	for (unsigned int i = 0; i < elf->segments; i++)
		if (elf->segment[i].writable)
			return has_go_buildinfo(elf, &elf->segment[i]);
	return 0;
}
