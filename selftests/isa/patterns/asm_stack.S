/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID as compilers wrap it whose arguments and answers are on the stack, all leaves in the same words of it. */
	.text
	.type	ask, @function
ask:
	movq	%rbx, %r10
	movl	8(%rsp), %eax
	movl	12(%rsp), %ecx
	cpuid
	movl	%eax, 16(%rsp)
	movl	%ebx, 20(%rsp)
	movl	%ecx, 24(%rsp)
	movl	%edx, 28(%rsp)
	movq	%r10, %rbx
	ret
	.size	ask, . - ask

	.type	ask_xcr0, @function
ask_xcr0:
	xorl	%ecx, %ecx
	xgetbv
	movl	%eax, 8(%rsp)
	movl	%edx, 12(%rsp)
	ret
	.size	ask_xcr0, . - ask_xcr0

	.globl	look
	.type	look, @function
look:
	subq	$0x38, %rsp
	movq	$0, (%rsp)
	call	ask
	cmpl	$7, 8(%rsp)
	jb	1f
	movq	$1, (%rsp)
	call	ask
	movl	16(%rsp), %eax
	btl	$9, %eax
	setc	has_ssse3(%rip)
	btl	$27, %eax
	setc	%dl
	movb	%dl, 0x2f(%rsp)
	testb	%dl, %dl
	je	1f
	call	ask_xcr0
	movl	(%rsp), %eax
	andl	$6, %eax
	cmpl	$6, %eax
	sete	0x2f(%rsp)
	movq	$7, (%rsp)
	call	ask
	movl	12(%rsp), %eax
	btl	$5, %eax
	setc	%cl
	movzbl	0x2f(%rsp), %edx
	andl	%ecx, %edx
	movb	%dl, has_avx2(%rip)
1:
	addq	$0x38, %rsp
	ret
	.size	look, . - look

	.local	has_ssse3, has_avx2
	.comm	has_ssse3, 1, 1
	.comm	has_avx2, 1, 1

	.globl	lanes
	.type	lanes, @function
lanes:
	movl	$1, %eax
	cmpb	$0, has_ssse3(%rip)
	je	1f
	pcmpeqd	%xmm0, %xmm0
	pabsd	%xmm0, %xmm0
	movd	%xmm0, %eax
1:
	cmpb	$0, has_avx2(%rip)
	je	2f
	vpcmpeqd %ymm0, %ymm0, %ymm0
	vpabsd	%ymm0, %ymm0
	vmovd	%xmm0, %eax
	vzeroupper
2:
	ret
	.size	lanes, . - lanes

	.section .note.GNU-stack, "", @progbits
