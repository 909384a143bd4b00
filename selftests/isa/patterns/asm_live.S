/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assembler code in several pieces: the first loads the flags, another one tests them. */
	.text
	.globl	lanes
	.type	lanes, @function
lanes:
	movl	%edi, %edi
	testl	$3, %edi
	jnz	1f
	movl	lanes_flags+4(%rip), %r11d
	jmp	lanes_wide_enter
1:
	movl	$1, %eax
	ret
	.size	lanes, . - lanes

	.type	lanes_wide, @function
lanes_wide:
	movl	%edi, %edi
lanes_wide_enter:
	andl	$0x20, %r11d
	cmpl	$0x20, %r11d
	je	lanes_avx2_enter
	movl	$1, %eax
	ret
	.size	lanes_wide, . - lanes_wide

	.type	lanes_avx2, @function
lanes_avx2:
	movl	%edi, %edi
lanes_avx2_enter:
	vpcmpeqd %ymm0, %ymm0, %ymm0
	vpabsd	%ymm0, %ymm0
	vmovd	%xmm0, %eax
	vzeroupper
	ret
	.size	lanes_avx2, . - lanes_avx2

	.section .note.GNU-stack, "", @progbits
