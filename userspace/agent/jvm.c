// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The JVM: attach the helper thread as a daemon, force a collection by JVMTI, drop what the heap
 * keeps.
 */
#include "agent/hotspot.h"
#include <jvmti.h>

typedef jint created_fn(JavaVM **, jsize, jsize *);

static struct {
	JavaVM *vm;    /* from Agent_OnLoad, Agent_OnAttach or the invocation interface */
	jvmtiEnv *ti;  /* made once: environments are few and never freed by all JVMs */
	bool dropping; /* the collection under way is ours */
	uint64_t dropped;
} jvm;

static JavaVM *find_vm(void)
{
	created_fn *created;
	jsize n = 0;

	if (!jvm.vm) {
		created = (created_fn *)ost_symbol("JNI_GetCreatedJavaVMs");
		if (!created || created(&jvm.vm, 1, &n) || n < 1)
			jvm.vm = NULL;
	}
	return jvm.vm;
}

static bool jvm_present(void)
{
	return find_vm();
}

/* in the JVM's own thread, with every Java thread standing still */
static void JNICALL gc_finished(jvmtiEnv *ti)
{
	if (jvm.dropping)
		jvm.dropped += ost_hotspot_drop();
}

static int ti_open(void)
{
	jvmtiCapabilities capabilities;
	jvmtiEventCallbacks callbacks;

	if (jvm.ti)
		return 0;
	if ((*jvm.vm)->GetEnv(jvm.vm, (void **)&jvm.ti, JVMTI_VERSION_1_2)) {
		jvm.ti = NULL;
		return -ENOSYS;
	}
	memset(&capabilities, 0, sizeof(capabilities));
	capabilities.can_generate_garbage_collection_events = 1;
	memset(&callbacks, 0, sizeof(callbacks));
	callbacks.GarbageCollectionFinish = gc_finished;
	if ((*jvm.ti)->AddCapabilities(jvm.ti, &capabilities) ||
	    (*jvm.ti)->SetEventCallbacks(jvm.ti, &callbacks, sizeof(callbacks))) {
		(*jvm.ti)->DisposeEnvironment(jvm.ti);
		jvm.ti = NULL;
		return -EIO;
	}
	return 0;
}

static int force(struct ost_round *round)
{
	const char *why_not = NULL;
	bool drop = ost_hotspot_find(&why_not);
	uint64_t begun = sys_now_us();
	jvmtiError err;

	jvm.dropped = 0;
	if (drop) {
		jvm.dropping = true;
		(*jvm.ti)->SetEventNotificationMode(jvm.ti, JVMTI_ENABLE,
						    JVMTI_EVENT_GARBAGE_COLLECTION_FINISH, NULL);
	}
	err = (*jvm.ti)->ForceGarbageCollection(jvm.ti);
	if (drop) {
		(*jvm.ti)->SetEventNotificationMode(jvm.ti, JVMTI_DISABLE,
						    JVMTI_EVENT_GARBAGE_COLLECTION_FINISH, NULL);
		jvm.dropping = false;
	}
	round->collect_us += sys_now_us() - begun;
	round->dropped_bytes += jvm.dropped;
	ost_round_note(round, "jvm: free heap dropped, KiB ", jvm.dropped / 1024);
	if (why_not)
		ost_round_text(round, why_not);
	return err ? -EIO : 0;
}

static int jvm_collect(struct ost_round *round)
{
	JavaVMAttachArgs args = {JNI_VERSION_1_6, (char *)"ostler-agent", NULL};
	uint64_t asked = sys_now_us();
	JNIEnv *env;
	int err;

	/* a JVM that is shutting down refuses */
	if ((*jvm.vm)->AttachCurrentThreadAsDaemon(jvm.vm, (void **)&env, &args))
		return -ESHUTDOWN;
	err = ti_open();
	round->wait_us += sys_now_us() - asked;
	if (!err)
		err = force(round);
	(*jvm.vm)->DetachCurrentThread(jvm.vm);
	return err;
}

/* -agentpath at launch: as if preloaded; @options is the path of the socket, if any */
OST_EXPORT jint JNICALL Agent_OnLoad(JavaVM *vm, char *options, void *reserved)
{
	jvm.vm = vm;
	return ost_agent_path(options) ? JNI_ERR : JNI_OK;
}

/* loaded into a running JVM: whoever did it waits for the call, so dial at once */
OST_EXPORT jint JNICALL Agent_OnAttach(JavaVM *vm, char *options, void *reserved)
{
	int err;

	jvm.vm = vm;
	err = ost_agent_path(options);
	if (!err)
		err = ost_agent_start(OST_AGENT_ATTACHED);
	return err && err != -EALREADY ? JNI_ERR : JNI_OK;
}

const struct ost_runtime_ops ost_jvm_ops = {
	.runtime = OST_RUNTIME_JVM,
	.on_helper = true,
	.present = jvm_present,
	.collect = jvm_collect,
};
