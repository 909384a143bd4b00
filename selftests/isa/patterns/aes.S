/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AES, carry-less multiplication and MOVBE as assembler code has them. */
	.text
	.globl	mix_features
	.type	mix_features, @function
mix_features:
	.cfi_startproc
	movd	%edi, %xmm0
	pshufd	$0, %xmm0, %xmm0
	movdqa	%xmm0, %xmm1
	aesenc	%xmm1, %xmm0
	pclmulqdq $0x11, %xmm1, %xmm0
	movd	%xmm0, %eax
	movl	%eax, -8(%rsp)
	movbe	-8(%rsp), %eax
	ret
	.cfi_endproc
	.size	mix_features, . - mix_features

	.globl	mix_plain
	.type	mix_plain, @function
mix_plain:
	.cfi_startproc
	imull	$0x9e3779b1, %edi, %eax
	bswap	%eax
	ret
	.cfi_endproc
	.size	mix_plain, . - mix_plain

	.section .note.GNU-stack, "", @progbits
