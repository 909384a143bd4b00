/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_AGENT_HOTSPOT_H
#define OST_AGENT_HOTSPOT_H

#include "agent/agent.h"

/*
 * The Serial and Parallel collectors empty their spaces and keep the pages; G1 gives back only what
 * lies above its initial size. HotSpot describes its own structures to debuggers in the exported
 * table gHotSpotVMStructs (type, field, offset or address); through it the ends of the spaces are
 * found, whatever the JDK's version.
 */

/**
 * ost_hotspot_find() - learn where this JVM keeps the ends of its spaces; once is enough
 * @why_not: gets a few words when the answer is no
 *
 * Return: true when ost_hotspot_drop() has something to do.
 */
bool ost_hotspot_find(const char **why_not);

/**
 * ost_hotspot_drop() - give the free pages of all spaces back to the kernel
 *
 * Must be called while the JVM stands still at the end of a collection (JVMTI
 * GarbageCollectionFinish): at any other time a thread may be allocating there. Return: bytes given
 * back.
 */
uint64_t ost_hotspot_drop(void);

#endif
