/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assembler code that asks for itself, jumping between functions with live registers. */
	.text
	.globl	lanes
	.type	lanes, @function
lanes:
	pushq	%rbx
	movl	$1, %eax
	xorl	%ecx, %ecx
	cpuid
	andl	$0x18000000, %ecx
	cmpl	$0x18000000, %ecx
	jne	lanes_plain
	xorl	%ecx, %ecx
	xgetbv
	andl	$6, %eax
	cmpl	$6, %eax
	jne	lanes_plain
	movl	$7, %eax
	xorl	%ecx, %ecx
	cpuid
	testl	$0x20, %ebx
	jz	lanes_plain
	jmp	lanes_avx2
	.size	lanes, . - lanes

	.type	lanes_avx2, @function
lanes_avx2:
	vpcmpeqd %ymm0, %ymm0, %ymm0
	vpabsd	%ymm0, %ymm0
	vmovd	%xmm0, %eax
	vzeroupper
	popq	%rbx
	ret
	.size	lanes_avx2, . - lanes_avx2

	.type	lanes_plain, @function
lanes_plain:
	movl	$1, %eax
	popq	%rbx
	ret
	.size	lanes_plain, . - lanes_plain

	.section .note.GNU-stack, "", @progbits
