/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_FEATURE_LIST_H
#define OST_ISA_FEATURE_LIST_H

/*
 * The rows of the catalogue, oldest first (by the first processor that was sold with it).
 *
 *	X(id, name, title, leaf, subleaf, register, bit, further fields of ost_feature_info)
 *
 * Bits: Intel SDM volume 2A (CPUID) and the ISA extensions reference, AMD APM volume 3 appendix E,
 * VIA PadLock programming guide. Names: Linux, arch/x86/include/asm/cpufeatures.h. OWN marks names
 * that are ours; KERNEL marks what only a kernel or hypervisor can use.
 */

#define OST_OWN .own_name = true
#define OST_KERNEL .kernel_only = true
#define OST_IGNORED .absence = OST_ABSENT_IGNORED
#define OST_NO_INSN .absence = OST_ABSENT_NO_INSN
#define OST_AVX_STATE .xcr0 = OST_XCR0_AVX
#define OST_AVX512_STATE .xcr0 = OST_XCR0_AVX512
#define OST_AMX_STATE .xcr0 = OST_XCR0_AMX, .permission = OST_PERMISSION_XTILEDATA
#define OST_ALSO(leaf_, subleaf_, reg_, bit_) .also.leaf = leaf_, .also.subleaf = subleaf_, \
	.also.reg = OST_##reg_, .also.bit = bit_
/* AMX kinds are told twice by younger processors: in leaf 7 and, mirrored, in leaf 0x1E */
#define OST_AMX_MIRROR(b) OST_ALSO(0x1e, 1, EAX, b)

#define OST_FEATURE_LIST(X) \
	OST_FEATURES_V1(X) \
	OST_FEATURES_TO_AVX(X) \
	OST_FEATURES_TO_AVX512(X) \
	OST_FEATURES_TO_AMX(X) \
	OST_FEATURES_YOUNG(X)

#define OST_FEATURES_V1(X) \
	X(FPU, "fpu", "x87 floating point", 1, 0, EDX, 0, .level = 1) \
	X(TSC, "tsc", "time stamp counter", 1, 0, EDX, 4) \
	X(CX8, "cx8", "CMPXCHG8B", 1, 0, EDX, 8, .level = 1) \
	X(CMOV, "cmov", "conditional moves", 1, 0, EDX, 15, .level = 1) \
	X(MMX, "mmx", "MMX", 1, 0, EDX, 23, .level = 1) \
	X(3DNOW, "3dnow", "3DNow!", 0x80000001, 0, EDX, 31) \
	X(FXSR, "fxsr", "FXSAVE and FXRSTOR", 1, 0, EDX, 24, .level = 1) \
	X(SYSCALL, "syscall", "SYSCALL and SYSRET", 0x80000001, 0, EDX, 11, .level = 1) \
	X(MMXEXT, "mmxext", "AMD's extensions to MMX", 0x80000001, 0, EDX, 22) \
	X(3DNOWEXT, "3dnowext", "extensions to 3DNow!", 0x80000001, 0, EDX, 30) \
	X(SSE, "sse", "SSE", 1, 0, EDX, 25, .level = 1) \
	X(SSE2, "sse2", "SSE2", 1, 0, EDX, 26, .level = 1) \
	X(CLFLUSH, "clflush", "CLFLUSH", 1, 0, EDX, 19) \
	X(LM, "lm", "64-bit mode", 0x80000001, 0, EDX, 29, .level = 1)

#define OST_FEATURES_TO_AVX(X) \
	X(PADLOCK_RNG, "rng_en", "VIA PadLock random numbers", 0xc0000001, 0, EDX, 3) \
	X(PADLOCK_ACE, "ace_en", "VIA PadLock AES", 0xc0000001, 0, EDX, 7) \
	X(PADLOCK_ACE2, "ace2_en", "VIA PadLock AES in counter mode", 0xc0000001, 0, EDX, 9) \
	X(SSE3, "pni", "SSE3", 1, 0, ECX, 0, .level = 2) \
	X(MONITOR, "monitor", "MONITOR and MWAIT", 1, 0, ECX, 3, OST_KERNEL) \
	X(CX16, "cx16", "CMPXCHG16B", 1, 0, ECX, 13, .level = 2) \
	X(LAHF, "lahf_lm", "LAHF and SAHF in 64-bit mode", 0x80000001, 0, ECX, 0, .level = 2) \
	X(PADLOCK_PHE, "phe_en", "VIA PadLock hashes", 0xc0000001, 0, EDX, 11) \
	X(PADLOCK_PMM, "pmm_en", "VIA PadLock Montgomery multiplier", 0xc0000001, 0, EDX, 13) \
	X(VMX, "vmx", "Intel virtualization", 1, 0, ECX, 5, OST_KERNEL) \
	X(SVM, "svm", "AMD virtualization", 0x80000001, 0, ECX, 2, OST_KERNEL) \
	X(PREFETCHW, "3dnowprefetch", "PREFETCHW", 0x80000001, 0, ECX, 8, OST_IGNORED) \
	X(RDTSCP, "rdtscp", "RDTSCP", 0x80000001, 0, EDX, 27) \
	X(SSSE3, "ssse3", "SSSE3", 1, 0, ECX, 9, .level = 2) \
	X(SMX, "smx", "Intel trusted execution", 1, 0, ECX, 6, OST_KERNEL) \
	X(SKINIT, "skinit", "SKINIT and STGI", 0x80000001, 0, ECX, 12, OST_KERNEL) \
	X(SSE4A, "sse4a", "SSE4a", 0x80000001, 0, ECX, 6) \
	X(LZCNT, "abm", "LZCNT", 0x80000001, 0, ECX, 5, .absence = OST_ABSENT_SILENT, .level = 3) \
	X(SSE41, "sse4_1", "SSE4.1", 1, 0, ECX, 19, .level = 2) \
	X(POPCNT, "popcnt", "POPCNT", 1, 0, ECX, 23, .level = 2) \
	X(SSE42, "sse4_2", "SSE4.2", 1, 0, ECX, 20, .level = 2) \
	X(XSAVE, "xsave", "XSAVE, XRSTOR, XGETBV", 1, 0, ECX, 26, .os = OST_OS_XSAVE) \
	X(MOVBE, "movbe", "MOVBE", 1, 0, ECX, 22, .level = 3) \
	X(AES, "aes", "AES-NI", 1, 0, ECX, 25) \
	X(PCLMULQDQ, "pclmulqdq", "carry-less multiplication", 1, 0, ECX, 1) \
	X(AVX, "avx", "Advanced Vector Extensions", 1, 0, ECX, 28, OST_AVX_STATE, .level = 3)

#define OST_FEATURES_TO_AVX512(X) \
	X(XSAVEOPT, "xsaveopt", "XSAVEOPT", 0xd, 1, EAX, 0, .os = OST_OS_XSAVE) \
	X(XOP, "xop", "AMD XOP", 0x80000001, 0, ECX, 11, OST_AVX_STATE) \
	X(FMA4, "fma4", "AMD FMA4", 0x80000001, 0, ECX, 16, OST_AVX_STATE) \
	X(LWP, "lwp", "AMD lightweight profiling", 0x80000001, 0, ECX, 15, .xcr0 = OST_XCR0_LWP) \
	X(F16C, "f16c", "half precision conversions", 1, 0, ECX, 29, OST_AVX_STATE, .level = 3) \
	X(RDRAND, "rdrand", "RDRAND", 1, 0, ECX, 30) \
	X(FSGSBASE, "fsgsbase", "RDFSBASE and its kin", 7, 0, EBX, 0, .os = OST_OS_FSGSBASE) \
	X(TBM, "tbm", "AMD trailing bit manipulation", 0x80000001, 0, ECX, 21) \
	X(TZCNT, "tzcnt", "TZCNT", 7, 0, EBX, 3, OST_OWN, .absence = OST_ABSENT_SILENT, \
	  .shared_bit = true) \
	X(BMI1, "bmi1", "bit manipulation 1", 7, 0, EBX, 3, .shared_bit = true, .level = 3) \
	X(FMA, "fma", "fused multiply-add", 1, 0, ECX, 12, OST_AVX_STATE, .level = 3) \
	X(AVX2, "avx2", "Advanced Vector Extensions 2", 7, 0, EBX, 5, OST_AVX_STATE, .level = 3) \
	X(BMI2, "bmi2", "bit manipulation 2", 7, 0, EBX, 8, .level = 3) \
	X(INVPCID, "invpcid", "INVPCID", 7, 0, EBX, 10, OST_KERNEL) \
	X(HLE, "hle", "hardware lock elision", 7, 0, EBX, 4, OST_IGNORED) \
	X(RTM, "rtm", "restricted transactional memory", 7, 0, EBX, 11) \
	X(RDSEED, "rdseed", "RDSEED", 7, 0, EBX, 18) \
	X(ADX, "adx", "ADCX and ADOX", 7, 0, EBX, 19) \
	X(SMAP, "smap", "CLAC and STAC", 7, 0, EBX, 20, OST_KERNEL) \
	X(INTEL_PT, "intel_pt", "processor trace", 7, 0, EBX, 25, OST_NO_INSN) \
	X(MONITORX, "mwaitx", "MONITORX and MWAITX", 0x80000001, 0, ECX, 29) \
	X(CLFLUSHOPT, "clflushopt", "CLFLUSHOPT", 7, 0, EBX, 23) \
	X(XSAVEC, "xsavec", "XSAVEC", 0xd, 1, EAX, 1, .os = OST_OS_XSAVE) \
	X(XGETBV1, "xgetbv1", "XGETBV with ECX = 1", 0xd, 1, EAX, 2, OST_NO_INSN, \
	  .os = OST_OS_XSAVE) \
	X(XSAVES, "xsaves", "XSAVES and XRSTORS", 0xd, 1, EAX, 3, OST_KERNEL) \
	X(MPX, "mpx", "memory protection extensions", 7, 0, EBX, 14, OST_IGNORED, \
	  .xcr0 = OST_XCR0_MPX) \
	X(SGX, "sgx", "software guard extensions", 7, 0, EBX, 2) \
	X(SHA, "sha_ni", "SHA-1 and SHA-256", 7, 0, EBX, 29) \
	X(PKU, "pku", "protection keys", 7, 0, ECX, 3, .xcr0 = OST_XCR0_PKRU, .os = OST_OS_PKE) \
	X(PREFETCHWT1, "prefetchwt1", "PREFETCHWT1", 7, 0, ECX, 0, OST_OWN, OST_IGNORED) \
	X(AVX512F, "avx512f", "AVX-512 foundation", 7, 0, EBX, 16, OST_AVX512_STATE, .level = 4) \
	X(AVX512CD, "avx512cd", "AVX-512 conflict detection", 7, 0, EBX, 28, OST_AVX512_STATE, \
	  .level = 4) \
	X(AVX512ER, "avx512er", "AVX-512 exponential and reciprocal", 7, 0, EBX, 27, \
	  OST_AVX512_STATE) \
	X(AVX512PF, "avx512pf", "AVX-512 prefetch", 7, 0, EBX, 26, OST_AVX512_STATE) \
	X(PTWRITE, "ptwrite", "PTWRITE", 0x14, 0, EBX, 4, OST_OWN, .gate = OST_F_INTEL_PT)

#define OST_FEATURES_TO_AMX(X) \
	X(CLZERO, "clzero", "CLZERO", 0x80000008, 0, EBX, 0) \
	X(AVX512BW, "avx512bw", "AVX-512 bytes and words", 7, 0, EBX, 30, OST_AVX512_STATE, \
	  .level = 4) \
	X(AVX512DQ, "avx512dq", "AVX-512 doublewords and quadwords", 7, 0, EBX, 17, \
	  OST_AVX512_STATE, \
	  .level = 4) \
	X(AVX512VL, "avx512vl", "AVX-512 at 128 and 256 bits", 7, 0, EBX, 31, OST_AVX512_STATE, \
	  .level = 4) \
	X(CLWB, "clwb", "CLWB", 7, 0, EBX, 24) \
	X(AVX512_4VNNIW, "avx512_4vnniw", "AVX-512 4VNNIW", 7, 0, EDX, 2, OST_AVX512_STATE) \
	X(AVX512_4FMAPS, "avx512_4fmaps", "AVX-512 4FMAPS", 7, 0, EDX, 3, OST_AVX512_STATE) \
	X(AVX512_VPOPCNTDQ, "avx512_vpopcntdq", "AVX-512 vector POPCNT", 7, 0, ECX, 14, \
	  OST_AVX512_STATE) \
	X(AVX512IFMA, "avx512ifma", "AVX-512 integer FMA", 7, 0, EBX, 21, OST_AVX512_STATE) \
	X(AVX512VBMI, "avx512vbmi", "AVX-512 byte permutes", 7, 0, ECX, 1, OST_AVX512_STATE) \
	X(RDPID, "rdpid", "RDPID", 7, 0, ECX, 22) \
	X(AVX512_VNNI, "avx512_vnni", "AVX-512 neural network", 7, 0, ECX, 11, OST_AVX512_STATE) \
	X(GFNI, "gfni", "Galois field arithmetic", 7, 0, ECX, 8) \
	X(VAES, "vaes", "AES on wide vectors", 7, 0, ECX, 9, OST_AVX_STATE) \
	X(VPCLMULQDQ, "vpclmulqdq", "carry-less multiplication on wide vectors", 7, 0, ECX, 10, \
	  OST_AVX_STATE) \
	X(AVX512_VBMI2, "avx512_vbmi2", "AVX-512 byte permutes 2", 7, 0, ECX, 6, OST_AVX512_STATE) \
	X(AVX512_BITALG, "avx512_bitalg", "AVX-512 bit algorithms", 7, 0, ECX, 12, \
	  OST_AVX512_STATE) \
	X(WBNOINVD, "wbnoinvd", "WBNOINVD", 0x80000008, 0, EBX, 9, OST_IGNORED, OST_KERNEL) \
	X(RDPRU, "rdpru", "RDPRU", 0x80000008, 0, EBX, 4) \
	X(MCOMMIT, "mcommit", "MCOMMIT", 0x80000008, 0, EBX, 8, OST_OWN, .os = OST_OS_NEVER) \
	X(PCONFIG, "pconfig", "PCONFIG", 7, 0, EDX, 18, OST_KERNEL) \
	X(MOVDIRI, "movdiri", "MOVDIRI", 7, 0, ECX, 27) \
	X(MOVDIR64B, "movdir64b", "MOVDIR64B", 7, 0, ECX, 28) \
	X(WAITPKG, "waitpkg", "UMONITOR, UMWAIT, TPAUSE", 7, 0, ECX, 5) \
	X(CLDEMOTE, "cldemote", "CLDEMOTE", 7, 0, ECX, 25, OST_IGNORED) \
	X(AVX512_BF16, "avx512_bf16", "AVX-512 bfloat16", 7, 1, EAX, 5, OST_AVX512_STATE) \
	X(AVX512_VP2INTERSECT, "avx512_vp2intersect", "AVX-512 vector intersection", 7, 0, EDX, 8, \
	  OST_AVX512_STATE) \
	X(SHSTK, "shstk", "shadow stacks", 7, 0, ECX, 7, OST_OWN, .os = OST_OS_SHSTK) \
	X(IBT, "ibt", "indirect branch tracking", 7, 0, EDX, 20, OST_IGNORED) \
	X(KEYLOCKER, "keylocker", "Key Locker", 7, 0, ECX, 23, OST_OWN, .os = OST_OS_KEYLOCKER) \
	X(KEYLOCKER_WIDE, "keylocker_wide", "Key Locker, eight blocks at once", 0x19, 0, EBX, 2, \
	  OST_OWN, \
	  .gate = OST_F_KEYLOCKER, .os = OST_OS_KEYLOCKER) \
	X(SEV_SNP, "sev_snp", "AMD secure nested paging", 0x8000001f, 0, EAX, 4, OST_KERNEL) \
	X(INVLPGB, "invlpgb", "INVLPGB and TLBSYNC", 0x80000008, 0, EBX, 3, OST_KERNEL) \
	X(SERIALIZE, "serialize", "SERIALIZE", 7, 0, EDX, 14) \
	X(HRESET, "hreset", "HRESET", 7, 1, EAX, 22, OST_OWN, OST_KERNEL) \
	X(AVX_VNNI, "avx_vnni", "neural network, VEX form", 7, 1, EAX, 4, OST_AVX_STATE)

#define OST_FEATURES_YOUNG(X) \
	X(ENQCMD, "enqcmd", "ENQCMD and ENQCMDS", 7, 0, ECX, 29) \
	X(TSXLDTRK, "tsxldtrk", "XSUSLDTRK and XRESLDTRK", 7, 0, EDX, 16) \
	X(UINTR, "uintr", "user interrupts", 7, 0, EDX, 5, OST_OWN, .os = OST_OS_NEVER) \
	X(AVX512_FP16, "avx512_fp16", "AVX-512 half precision", 7, 0, EDX, 23, OST_AVX512_STATE) \
	X(AMX_TILE, "amx_tile", "AMX tiles", 7, 0, EDX, 24, OST_AMX_STATE) \
	X(AMX_INT8, "amx_int8", "AMX 8-bit integers", 7, 0, EDX, 25, OST_AMX_STATE, \
	  OST_AMX_MIRROR(0)) \
	X(AMX_BF16, "amx_bf16", "AMX bfloat16", 7, 0, EDX, 22, OST_AMX_STATE, OST_AMX_MIRROR(1)) \
	X(TDX, "tdx", "trust domain instructions", 0, 0, EAX, 0, OST_OWN, OST_KERNEL) \
	X(MSRLIST, "msrlist", "RDMSRLIST and WRMSRLIST", 7, 1, EAX, 27, OST_OWN, OST_KERNEL) \
	X(WRMSRNS, "wrmsrns", "WRMSRNS", 7, 1, EAX, 19, OST_OWN, OST_KERNEL) \
	X(CMPCCXADD, "cmpccxadd", "CMPccXADD", 7, 1, EAX, 7, OST_OWN) \
	X(AVX_IFMA, "avx_ifma", "integer FMA, VEX form", 7, 1, EAX, 23, OST_OWN, OST_AVX_STATE) \
	X(AVX_VNNI_INT8, "avx_vnni_int8", "neural network on bytes, VEX form", 7, 1, EDX, 4, \
	  OST_OWN, \
	  OST_AVX_STATE) \
	X(AVX_NE_CONVERT, "avx_ne_convert", "conversions without exceptions", 7, 1, EDX, 5, \
	  OST_OWN, \
	  OST_AVX_STATE) \
	X(PBNDKB, "pbndkb", "PBNDKB", 7, 1, EBX, 1, OST_OWN, OST_KERNEL) \
	X(PREFETCHI, "prefetchi", "PREFETCHIT0 and PREFETCHIT1", 7, 1, EDX, 14, OST_OWN, \
	  OST_IGNORED, \
	  OST_ALSO(0x80000021, 0, EAX, 20)) \
	X(AMX_FP16, "amx_fp16", "AMX half precision", 7, 1, EAX, 21, OST_OWN, OST_AMX_STATE, \
	  OST_AMX_MIRROR(3)) \
	X(AVX10, "avx10", "AVX10, any version", 7, 1, EDX, 19, OST_OWN, OST_NO_INSN, \
	  OST_AVX512_STATE) \
	X(AVX10_1, "avx10_1", "AVX10.1", 0x24, 0, EBX, 0, OST_OWN, OST_AVX512_STATE, \
	  .cpuid.width = 8, .gate = OST_F_AVX10, .shared_bit = true) \
	X(AMX_COMPLEX, "amx_complex", "AMX complex numbers", 7, 1, EDX, 8, OST_OWN, OST_AMX_STATE, \
	  OST_AMX_MIRROR(2)) \
	X(LKGS, "lkgs", "LKGS", 7, 1, EAX, 18, OST_OWN, OST_KERNEL) \
	X(SHA512, "sha512", "SHA-512", 7, 1, EAX, 0, OST_OWN, OST_AVX_STATE) \
	X(SM3, "sm3", "SM3 hash", 7, 1, EAX, 1, OST_OWN, OST_AVX_STATE) \
	X(SM4, "sm4", "SM4 cipher", 7, 1, EAX, 2, OST_OWN, OST_AVX_STATE) \
	X(AVX_VNNI_INT16, "avx_vnni_int16", "neural network on words, VEX form", 7, 1, EDX, 10, \
	  OST_OWN, \
	  OST_AVX_STATE) \
	X(FRED, "fred", "flexible return and event delivery", 7, 1, EAX, 17, OST_KERNEL) \
	X(RAO_INT, "rao_int", "remote atomic operations", 7, 1, EAX, 3, OST_OWN) \
	X(USER_MSR, "user_msr", "URDMSR and UWRMSR", 7, 1, EDX, 15, OST_OWN, .os = OST_OS_NEVER) \
	X(MSR_IMM, "msr_imm", "RDMSR and WRMSRNS with an immediate", 7, 1, ECX, 5, OST_KERNEL) \
	X(MOVRS, "movrs", "read-shared loads", 7, 1, EAX, 31, OST_OWN) \
	X(AMX_FP8, "amx_fp8", "AMX 8-bit floating point", 0x1e, 1, EAX, 4, OST_OWN, OST_AMX_STATE, \
	  .gate = OST_F_AMX_TILE) \
	X(AMX_TRANSPOSE, "amx_transpose", "AMX transposing loads", 0x1e, 1, EAX, 5, OST_OWN, \
	  OST_AMX_STATE, .gate = OST_F_AMX_TILE) \
	X(AMX_TF32, "amx_tf32", "AMX tensor float 32", 0x1e, 1, EAX, 6, OST_OWN, OST_AMX_STATE, \
	  .gate = OST_F_AMX_TILE) \
	X(AMX_AVX512, "amx_avx512", "AMX rows to vectors", 0x1e, 1, EAX, 7, OST_OWN, \
	  OST_AMX_STATE, \
	  .gate = OST_F_AMX_TILE) \
	X(AMX_MOVRS, "amx_movrs", "AMX read-shared loads", 0x1e, 1, EAX, 8, OST_OWN, \
	  OST_AMX_STATE, \
	  .gate = OST_F_AMX_TILE) \
	X(AVX10_V1_AUX, "avx10_v1_aux", "AVX10.1 with EVEX forms of VNNI on bytes and words", \
	  0x24, 1, ECX, 2, \
	  OST_OWN, OST_AVX512_STATE, .gate = OST_F_AVX10) \
	X(APX_F, "apx", "Advanced Performance Extensions", 7, 1, EDX, 21, .xcr0 = OST_XCR0_APX) \
	X(AVX10_2, "avx10_2", "AVX10.2", 0x24, 0, EBX, 0, OST_OWN, OST_AVX512_STATE, \
	  .cpuid.width = 8, .cpuid.min = 2, .gate = OST_F_AVX10, .shared_bit = true)

#endif
