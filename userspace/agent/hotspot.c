// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/hotspot.h"

#define PAGE   4096ul
#define ABSENT INT64_MIN

/* The tables' entries are described by further exported numbers: see HotSpot's vmStructs.hpp. */
struct entries {
	const char *first;
	uint64_t stride, type, field, offset, address, size;
};

/* where one pointer field is: at an address of its own (static), or at an offset in an object */
struct place {
	int64_t value;
	bool is_static;
};

/* how one collector keeps its free memory: where to look, and what to drop */
struct collector {
	const char *flag;
	void (*find)(void);
	uint64_t (*drop)(void);
};

static struct {
	bool looked;
	const char *why_not;
	const struct collector *collector;
	struct place heap, top, end;
	struct place young, old, eden, from, to, tenured; /* Serial, Parallel */
	struct place regions, base, length;		  /* G1 */
} hotspot;

static struct entries structs, types;

static uint64_t exported(const char *name)
{
	const uint64_t *value = ost_symbol(name);

	return value ? *value : 0;
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static bool tables_find(void)
{
	structs.first = (const char *)exported("gHotSpotVMStructs");
	structs.stride = exported("gHotSpotVMStructEntryArrayStride");
	structs.type = exported("gHotSpotVMStructEntryTypeNameOffset");
	structs.field = exported("gHotSpotVMStructEntryFieldNameOffset");
	structs.offset = exported("gHotSpotVMStructEntryOffsetOffset");
	structs.address = exported("gHotSpotVMStructEntryAddressOffset");
	types.first = (const char *)exported("gHotSpotVMTypes");
	types.stride = exported("gHotSpotVMTypeEntryArrayStride");
	types.type = exported("gHotSpotVMTypeEntryTypeNameOffset");
	types.size = exported("gHotSpotVMTypeEntrySizeOffset");
	return structs.first && structs.stride && types.first && types.stride;
}

static struct place field_find(const char *type, const char *field)
{
	const char *e;

	for (e = structs.first; *(const char **)(e + structs.type); e += structs.stride) {
		uint64_t address;

		if (!same(*(const char **)(e + structs.type), type) ||
		    !same(*(const char **)(e + structs.field), field))
			continue;
		address = *(const uint64_t *)(e + structs.address);
		if (address)
			return (struct place){address, true};
		return (struct place){*(const uint64_t *)(e + structs.offset), false};
	}
	return (struct place){ABSENT, false};
}

/* a field that moved to another class between versions */
static struct place field_find_either(const char *type, const char *other, const char *field)
{
	struct place place = field_find(type, field);

	return place.value == ABSENT ? field_find(other, field) : place;
}

static uint64_t type_size(const char *type)
{
	const char *e;

	for (e = types.first; *(const char **)(e + types.type); e += types.stride)
		if (same(*(const char **)(e + types.type), type))
			return *(const uint64_t *)(e + types.size);
	return 0;
}

/* a boolean -XX flag: 0, 1, or -1 when this JVM has none of that name */
static int flag_read(const char *name)
{
	struct place flags = field_find("JVMFlag", "flags"),
		     count = field_find("JVMFlag", "numFlags");
	struct place at_name = field_find("JVMFlag", "_name"),
		     at_value = field_find("JVMFlag", "_addr");
	uint64_t size = type_size("JVMFlag"), n;
	const char *flag;

	if (!flags.is_static || !count.is_static || at_name.value == ABSENT ||
	    at_value.value == ABSENT || !size)
		return -1;
	flag = *(const char **)flags.value;
	n = *(const uint64_t *)count.value;
	for (; flag && n; n--, flag += size) {
		const char *its_name = *(const char **)(flag + at_name.value);

		if (its_name && same(its_name, name))
			return **(const unsigned char **)(flag + at_value.value) != 0;
	}
	return -1;
}

static char *pointer(const char *object, struct place place)
{
	if (place.value == ABSENT || (!object && !place.is_static))
		return NULL;
	return *(char **)(place.is_static ? (const char *)place.value : object + place.value);
}

static uint64_t range_drop(uintptr_t from, uintptr_t to)
{
	from = (from + PAGE - 1) & ~(PAGE - 1);
	to &= ~(PAGE - 1);
	if (!from || from >= to || sys_madvise(from, to - from, MADV_DONTNEED))
		return 0;
	return to - from;
}

static void serial_find(void)
{
	hotspot.young = field_find_either("SerialHeap", "GenCollectedHeap", "_young_gen");
	hotspot.old = field_find_either("SerialHeap", "GenCollectedHeap", "_old_gen");
	hotspot.eden = field_find("DefNewGeneration", "_eden_space");
	hotspot.from = field_find("DefNewGeneration", "_from_space");
	hotspot.to = field_find("DefNewGeneration", "_to_space");
	hotspot.tenured = field_find("TenuredGeneration", "_the_space");
	hotspot.top = field_find("ContiguousSpace", "_top");
	hotspot.end = field_find_either("ContiguousSpace", "Space", "_end");
}

static void parallel_find(void)
{
	hotspot.young = field_find("ParallelScavengeHeap", "_young_gen");
	hotspot.old = field_find("ParallelScavengeHeap", "_old_gen");
	hotspot.eden = field_find("PSYoungGen", "_eden_space");
	hotspot.from = field_find("PSYoungGen", "_from_space");
	hotspot.to = field_find("PSYoungGen", "_to_space");
	hotspot.tenured = field_find("PSOldGen", "_object_space");
	hotspot.top = field_find("MutableSpace", "_top");
	hotspot.end = field_find("MutableSpace", "_end");
}

static uint64_t space_drop(const char *space)
{
	return space ? range_drop((uintptr_t)pointer(space, hotspot.top),
				  (uintptr_t)pointer(space, hotspot.end))
		     : 0;
}

/* two generations of a few spaces, each used from its bottom to its top */
static uint64_t generations_drop(void)
{
	const char *heap = pointer(NULL, hotspot.heap);
	const char *young = pointer(heap, hotspot.young), *old = pointer(heap, hotspot.old);

	if (!heap || !young || !old)
		return 0;
	return space_drop(pointer(young, hotspot.eden)) + space_drop(pointer(young, hotspot.from)) +
	       space_drop(pointer(young, hotspot.to)) + space_drop(pointer(old, hotspot.tenured));
}

static void g1_find(void)
{
	struct place manager = field_find("G1CollectedHeap", "_hrm");
	struct place table =
		field_find_either("HeapRegionManager", "G1HeapRegionManager", "_regions");

	hotspot.base = field_find("G1HeapRegionTable", "_base");
	hotspot.length = field_find("G1HeapRegionTable", "_length");
	hotspot.top = field_find_either("HeapRegion", "G1HeapRegion", "_top");
	hotspot.end = field_find_either("HeapRegion", "G1HeapRegion", "_end");
	/* both are members, not pointers: their offsets add up */
	hotspot.regions = manager;
	if (manager.value != ABSENT && table.value != ABSENT)
		hotspot.regions.value += table.value;
	else
		hotspot.regions.value = ABSENT;
}

/*
 * a table of regions, each used from its bottom to its top; neighbours that are free go in one call
 */
static uint64_t g1_drop(void)
{
	const char *heap = pointer(NULL, hotspot.heap), *table;
	uintptr_t from = 0, to = 0;
	uint64_t dropped = 0, count;
	char *const *regions;

	if (!heap)
		return 0;
	table = heap + hotspot.regions.value;
	regions = (char *const *)pointer(table, hotspot.base);
	count = (uint64_t)pointer(table, hotspot.length);
	for (uint64_t i = 0; regions && i < count; i++) {
		uintptr_t top, end;

		if (!regions[i])
			continue;
		top = (uintptr_t)pointer(regions[i], hotspot.top);
		end = (uintptr_t)pointer(regions[i], hotspot.end);
		if (top >= end)
			continue;
		if (top != to) {
			dropped += range_drop(from, to);
			from = top;
		}
		to = end;
	}
	return dropped + range_drop(from, to);
}

static const struct collector collectors[] = {
	{"UseSerialGC", serial_find, generations_drop},
	{"UseParallelGC", parallel_find, generations_drop},
	{"UseG1GC", g1_find, g1_drop},
};

static bool layout_known(const struct collector *collector)
{
	bool common = hotspot.heap.is_static && hotspot.top.value != ABSENT &&
		      hotspot.end.value != ABSENT;

	if (collector->drop == g1_drop)
		return common && hotspot.regions.value != ABSENT && hotspot.base.value != ABSENT &&
		       hotspot.length.value != ABSENT;
	return common && hotspot.young.value != ABSENT && hotspot.old.value != ABSENT &&
	       hotspot.eden.value != ABSENT && hotspot.tenured.value != ABSENT;
}

/* what the operator or the system did to the heap's pages that dropping them would undo */
static const char *forbidding_flag(void)
{
	static const char *const flags[] = {"AlwaysPreTouch", "UseLargePages", "UseNUMA"};

	for (size_t i = 0; i < OST_ARRAY_SIZE(flags); i++)
		if (flag_read(flags[i]) == 1)
			return flags[i];
	return NULL;
}

static const struct collector *collector_in_use(void)
{
	for (size_t i = 0; i < OST_ARRAY_SIZE(collectors); i++)
		if (flag_read(collectors[i].flag) == 1)
			return &collectors[i];
	return NULL;
}

/* NULL, or why there is nothing to drop */
static const char *look(void)
{
	const struct collector *collector;
	const char *flag;

	if (!tables_find())
		return "no gHotSpotVMStructs";
	collector = collector_in_use();
	if (!collector)
		return "collector unknown";
	flag = forbidding_flag();
	if (flag)
		return flag;
	hotspot.heap = field_find("Universe", "_collectedHeap");
	collector->find();
	if (!layout_known(collector))
		return "heap layout unknown";
	hotspot.collector = collector;
	return NULL;
}

bool ost_hotspot_find(const char **why_not)
{
	if (!hotspot.looked) {
		hotspot.why_not = look();
		hotspot.looked = true;
	}
	*why_not = hotspot.why_not;
	return hotspot.collector;
}

uint64_t ost_hotspot_drop(void)
{
	return hotspot.collector ? hotspot.collector->drop() : 0;
}
