// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/need/run_record.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

/* The rows of a list; NULL when there is none or it is none. */
static const json_t *rows_of(const json_t *object, const char *name, size_t *count, struct ost_error *err)
{
	const json_t *rows = json_object_get(object, name);

	*count = json_array_size(rows);
	if (json_is_array(rows) && *count <= OST_RUN_ROWS_MAX)
		return rows;
	ost_error_set(err, -EINVAL, "member %s must be a list of at most %d rows; what is wanted is the "
		      "answer of ostlerd to GET /v1/functions/NAME/run", name, OST_RUN_ROWS_MAX);
	return NULL;
}

static int take_text(const json_t *row, const char *name, const char **text, struct ost_error *err)
{
	*text = json_string_value(json_object_get(row, name));
	if (*text && **text && strlen(*text) < OST_OBJECT_ID_MAX)
		return 0;
	return ost_error_set(err, -EINVAL, "member %s must be a text of 1 to %d bytes", name,
			     OST_OBJECT_ID_MAX - 1);
}

static int take_count(const json_t *row, const char *name, uint64_t *count, struct ost_error *err)
{
	const json_t *value = json_object_get(row, name);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return ost_error_set(err, -EINVAL, "member %s must be a number that is not negative", name);
	*count = json_integer_value(value);
	return 0;
}

static int take_offset(const json_t *row, uint64_t *offset, struct ost_error *err)
{
	const char *text = json_string_value(json_object_get(row, "offset"));
	char *end;

	errno = 0;
	if (text && !strncmp(text, "0x", 2) && isxdigit((unsigned char)text[2])) {
		*offset = strtoull(text + 2, &end, 16);
		if (!*end && !errno)
			return 0;
	}
	return ost_error_set(err, -EINVAL, "member offset must be a text such as \"0x1f40\"");
}

static int take_features(const json_t *row, const char *name, struct ost_feature_set *set,
			 struct ost_error *err)
{
	const json_t *list = json_object_get(row, name), *value;
	size_t i;

	memset(set, 0, sizeof(*set));
	json_array_foreach(list, i, value) {
		unsigned int feature;

		if (!json_is_string(value))
			break;
		feature = ost_feature_find(json_string_value(value));
		if (feature != OST_FEATURE_NONE)
			ost_feature_set_add(set, feature);
	}
	if (json_is_array(list) && i == json_array_size(list))
		return 0;
	return ost_error_set(err, -EINVAL, "member %s must be a list of names of features", name);
}

static int take_clean(const json_t *row, struct ost_run_clean *clean, struct ost_error *err)
{
	int ret = take_text(row, "program", &clean->object, err);

	if (!ret)
		ret = take_count(row, "requests", &clean->requests, err);
	if (!ret)
		ret = take_features(row, "lacking", &clean->lacking, err);
	if (!ret)
		ret = take_features(row, "touched", &clean->touched, err);
	return ret;
}

static int take_trap(const json_t *row, struct ost_run_trap *trap, struct ost_error *err)
{
	const char *feature;
	int ret = take_text(row, "build_id", &trap->object, err);

	if (!ret)
		ret = take_text(row, "feature", &feature, err);
	if (!ret)
		ret = take_offset(row, &trap->offset, err);
	if (!ret)
		ret = take_count(row, "count", &trap->count, err);
	if (!ret)
		trap->feature = ost_feature_find(feature);
	/* older daemons don't tell it */
	trap->name = json_string_value(json_object_get(row, "object"));
	return ret;
}

static int take_all(struct ost_run_record *record, struct ost_error *err)
{
	size_t runs_count, traps_count, i;
	const json_t *runs = rows_of(record->json, "runs", &runs_count, err), *traps, *row;
	int ret = 0;

	traps = runs ? rows_of(record->json, "traps", &traps_count, err) : NULL;
	if (!traps)
		return -EINVAL;
	record->clean = calloc(runs_count + 1, sizeof(*record->clean));
	record->traps = calloc(traps_count + 1, sizeof(*record->traps));
	if (!record->clean || !record->traps)
		return ost_error_set(err, -ENOMEM, "no memory for the run");
	json_array_foreach(runs, i, row) {
		ret = take_clean(row, &record->clean[record->run.clean_count], err);
		if (ret)
			return ret;
		record->run.clean_count++;
	}
	json_array_foreach(traps, i, row) {
		struct ost_run_trap *trap = &record->traps[record->run.trap_count];

		ret = take_trap(row, trap, err);
		if (ret)
			return ret;
		if (trap->feature != OST_FEATURE_NONE)
			record->run.trap_count++;
	}
	record->run.clean = record->clean;
	record->run.traps = record->traps;
	return 0;
}

int ost_run_record_read(struct ost_run_record *record, const char *text, size_t len,
			struct ost_error *err)
{
	int ret;

	memset(record, 0, sizeof(*record));
	if (len > OST_RUN_RECORD_MAX)
		return ost_error_set(err, -EFBIG, "it has more than the %u bytes that it may have",
				     OST_RUN_RECORD_MAX);
	ret = ost_json_parse(text, len, &record->json, err);
	if (!ret)
		ret = take_all(record, err);
	if (ret)
		ost_run_record_free(record);
	return ret;
}

void ost_run_record_free(struct ost_run_record *record)
{
	free(record->traps);
	free(record->clean);
	json_decref(record->json);
	memset(record, 0, sizeof(*record));
}
