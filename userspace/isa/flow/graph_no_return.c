// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/graph_state.h"

#include <stdlib.h>
#include <string.h>

/* Rounds in which "ends in one that never returns" may spread; longer chains are taken to return.
 */
#define ROUNDS_MAX 16

/* In the order of strcmp(). */
static const char *const names[] = {
	"Perl_croak",
	"Perl_croak_memory_wrap",
	"Perl_croak_no_mem",
	"Perl_croak_no_modify",
	"Perl_croak_nocontext",
	"Perl_croak_popstack",
	"Perl_croak_sv",
	"Perl_croak_xs_usage",
	"Perl_die_unwind",
	"Perl_my_exit",
	"Perl_my_failure_exit",
	"Py_Exit",
	"Py_ExitStatusException",
	"Py_FatalError",
	"_Exit",
	"_Py_FatalErrorFormat",
	"_Py_FatalErrorFunc",
	"_Py_FatalError_TstateNULL",
	"_Unwind_Resume",
	"__GI__exit",
	"__GI_abort",
	"__GI_exit",
	"___longjmp_chk",
	"__assert",
	"__assert_fail",
	"__assert_fail_base",
	"__assert_perror_fail",
	"__chk_fail",
	"__clang_call_terminate",
	"__cxa_bad_cast",
	"__cxa_bad_typeid",
	"__cxa_call_terminate",
	"__cxa_call_unexpected",
	"__cxa_rethrow",
	"__cxa_throw",
	"__cxa_throw_bad_array_new_length",
	"__cxa_throw_bad_array_size",
	"__fortify_fail",
	"__fortify_fail_abort",
	"__libc_fatal",
	"__libc_longjmp",
	"__libc_siglongjmp",
	"__longjmp",
	"__longjmp_cancel",
	"__longjmp_chk",
	"__pthread_exit",
	"__pthread_unwind",
	"__pthread_unwind_next",
	"__stack_chk_fail",
	"__stack_chk_fail_local",
	"_dl_fatal_printf",
	"_dl_signal_error",
	"_dl_signal_exception",
	"_exit",
	"_longjmp",
	"abort",
	"err",
	"errx",
	"exit",
	"g_abort",
	"g_assertion_message",
	"g_assertion_message_cmpnum",
	"g_assertion_message_cmpstr",
	"g_assertion_message_error",
	"g_assertion_message_expr",
	"g_thread_exit",
	"longjmp",
	"luaL_argerror",
	"luaL_error",
	"luaL_typeerror",
	"lua_error",
	"pthread_exit",
	"quick_exit",
	"rb_bug",
	"rb_error_arity",
	"rb_exc_raise",
	"rb_exit",
	"rb_fatal",
	"rb_jump_tag",
	"rb_memerror",
	"rb_out_of_int",
	"rb_raise",
	"rb_sys_fail",
	"rb_throw_obj",
	"runtime.abort",
	"runtime.exit",
	"runtime.fatal",
	"runtime.fatalthrow",
	"runtime.goPanicIndex",
	"runtime.goPanicIndexU",
	"runtime.goexit0",
	"runtime.gopanic",
	"runtime.panicIndex",
	"runtime.panicSlice3Acap",
	"runtime.panicSlice3Alen",
	"runtime.panicSliceAcap",
	"runtime.panicSliceAlen",
	"runtime.panicSliceB",
	"runtime.panicdivide",
	"runtime.panicdottypeE",
	"runtime.panicdottypeI",
	"runtime.panicmakeslicelen",
	"runtime.panicmem",
	"runtime.panicnil",
	"runtime.panicoverflow",
	"runtime.panicshift",
	"runtime.panicunsafealignment",
	"runtime.panicwrap",
	"runtime.throw",
	"rust_begin_unwind",
	"rust_panic",
	"siglongjmp",
	"thrd_exit",
	"verr",
	"verrx",
};

/* Mangled names: what stands in front of hashes and parameters. */
static const char *const prefixes[] = {
	"_Z8V8_Fatal",
	"_ZN4node5AbortEv",
	"_ZN4node6AssertERKNS_13AssertionInfoE",
	"_ZSt10unexpectedv",
	"_ZSt21__glibcxx_assert_fail",
	"_ZSt9terminatev",
	"_ZN3std9panicking11begin_panic",
	"_ZN4core9panicking",
	"_ZN4core6option13expect_failed",
	"_ZN4core6option13unwrap_failed",
	"_ZN4core6result13unwrap_failed",
	"_ZN4core5slice5index26slice_start_index_len_fail",
	"_ZN4core5slice5index24slice_end_index_len_fail",
	"_ZN4core5slice5index22slice_index_order_fail",
	"_ZN5alloc5alloc18handle_alloc_error",
	"_ZN5alloc7raw_vec17capacity_overflow",
	"_ZN5alloc7raw_vec12handle_error",
};

static int name_order(const void *a, const void *b)
{
	return strcmp(a, *(const char *const *)b);
}

/* Few mangled names begin like one of these, and there are very many of them. */
static bool begins_like_one(const char *name)
{
	switch (name[2]) {
	case '8':
		return true;
	case 'S':
		return name[3] == 't';
	case 'N':
		return name[3] >= '3' && name[3] <= '5' && strchr("sacn", name[4]);
	}
	return false;
}

/* std::__throw_length_error(char const*) and its likes: _ZSt20__throw_length_errorPKc */
static bool is_std_throw(const char *name)
{
	size_t digits;

	if (strncmp(name, "_ZSt", 4))
		return false;
	digits = strspn(name + 4, "0123456789");
	return digits && !strncmp(name + 4 + digits, "__throw_", 8);
}

bool ost_graph_no_return_name(const char *name)
{
	if (!name)
		return false;
	if (name[0] != '_' || name[1] != 'Z')
		return bsearch(name, names, sizeof(names) / sizeof(*names), sizeof(*names),
			       name_order) != NULL;
	if (!begins_like_one(name))
		return false;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return is_std_throw(name);
}

static bool leads_back(struct ost_graph *graph, const struct ost_function *function)
{
	for (uint32_t i = 0; i < function->ref_count; i++) {
		const struct ost_ref *ref = &function->refs[i];
		struct ost_target target;
		const struct ost_function *next;

		if (ref->kind != OST_REF_JUMP)
			continue;
		target = ost_graph_code(graph, (struct ost_place){function->member, ref->target});
		if (!target.known) {
			if (ost_graph_no_return_name(target.symbol))
				continue;
			return true;
		}
		next = ost_graph_function_known(graph, target.place);
		if (!next || !(next->traits & OST_TRAIT_NO_RETURN))
			return true;
	}
	return false;
}

/*
 * Only what is proven step by step from known ends: two functions that jump to each other for ever,
 * or a part that was split off and jumps back, count as returning.
 */
bool ost_graph_no_return_check(struct ost_graph *graph, struct ost_function *function)
{
	const uint32_t open =
		OST_TRAIT_RETURNS | OST_TRAIT_NO_RETURN | OST_TRAIT_BROKEN | OST_TRAIT_TOO_LARGE;

	if (!function->decoded || function->traits & open || leads_back(graph, function))
		return false;
	function->traits |= OST_TRAIT_NO_RETURN;
	return true;
}

void ost_graph_no_return_settle(struct ost_graph *graph)
{
	bool changed = true;

	for (int round = 0; changed && round < ROUNDS_MAX; round++) {
		changed = false;
		for (size_t i = 0; i < graph->function_count; i++)
			changed |= ost_graph_no_return_check(graph, graph->functions[i]);
	}
}
