;; First pass, 32 bytes at a time and without a branch but for backslashes: sets the mask bit of
;;
;;   { } [ ] , :   outside strings
;;   \             that begins an escape
;;   whatever stands directly behind a string, or opens one, where JSON without white space has
;;                 something else; it makes the second pass stop
;;
;; A bit of $inside is set from a string's opening quote to the byte before its closing quote. It is
;; the parity of the quotes so far, which shifts by 1, 2, 4, 8, 16 add up for all bits at once.
;;
;; Returns 1; 0 when a backslash stands outside strings, where no parity can be trusted.
(func (export "findStructure") (param $end i32) (result i32)
  (local $at i32) (local $mask i32)
  (local $low v128) (local $high v128)
  (local $quote v128) (local $backslash v128) (local $braceBit v128) (local $nibble v128) (local $table v128)
  (local $quotes i32) (local $inside i32) (local $structure i32) (local $closing i32)
  (local $escapes i32) (local $rest i32) (local $lowest i32)
  ;; Of the block before: all ones when it ends in a string; 1 when its last byte escapes the next,
  ;; closes a string, is structure.
  (local $insideBefore i32) (local $escapeBefore i32) (local $closingBefore i32) (local $structureBefore i32)
  (local.set $quote (i8x16.splat (i32.const 0x22)))
  (local.set $backslash (i8x16.splat (i32.const 0x5c)))
  (local.set $braceBit (i8x16.splat (i32.const 0x20)))
  (local.set $nibble (i8x16.splat (i32.const 0x0f)))
  ;; By low nibble the one byte that is structure, [ and ] taken for { and }.
  (local.set $table (v128.const i8x16 0 0 0 0 0 0 0 0 0 0 0x3a 0x7b 0x2c 0x7d 0 0))
  (local.set $at (global.get $records))
  (local.set $mask (global.get $masks))
  (local.set $structureBefore (i32.const 1))
  (loop $block
    (local.set $low (v128.load (local.get $at)))
    (local.set $high (v128.load offset=16 (local.get $at)))
    (local.set $quotes (i32.or
      (i8x16.bitmask (i8x16.eq (local.get $low) (local.get $quote)))
      (i32.shl (i8x16.bitmask (i8x16.eq (local.get $high) (local.get $quote))) (i32.const 16))))
    (local.set $escapes (i32.or
      (i8x16.bitmask (i8x16.eq (local.get $low) (local.get $backslash)))
      (i32.shl (i8x16.bitmask (i8x16.eq (local.get $high) (local.get $backslash))) (i32.const 16))))
    (if (i32.or (local.get $escapes) (local.get $escapeBefore)) (then
      ;; One backslash after the other: it takes itself and the byte behind it out of what is looked at.
      (local.set $quotes (i32.and (local.get $quotes) (i32.xor (local.get $escapeBefore) (i32.const -1))))
      (local.set $rest (i32.and (local.get $escapes) (i32.xor (local.get $escapeBefore) (i32.const -1))))
      (local.set $escapes (i32.const 0))
      (local.set $escapeBefore (i32.const 0))
      (block $done (loop $each
        (br_if $done (i32.eqz (local.get $rest)))
        (local.set $lowest (i32.and (local.get $rest) (i32.sub (i32.const 0) (local.get $rest))))
        (local.set $escapes (i32.or (local.get $escapes) (local.get $lowest)))
        (local.set $escapeBefore (i32.shr_u (local.get $lowest) (i32.const 31)))
        (local.set $lowest (i32.xor (i32.mul (local.get $lowest) (i32.const 3)) (i32.const -1)))
        (local.set $rest (i32.and (local.get $rest) (local.get $lowest)))
        (local.set $quotes (i32.and (local.get $quotes) (local.get $lowest)))
        (br $each)))))
    (local.set $inside (i32.xor (local.get $quotes) (i32.shl (local.get $quotes) (i32.const 1))))
    (local.set $inside (i32.xor (local.get $inside) (i32.shl (local.get $inside) (i32.const 2))))
    (local.set $inside (i32.xor (local.get $inside) (i32.shl (local.get $inside) (i32.const 4))))
    (local.set $inside (i32.xor (local.get $inside) (i32.shl (local.get $inside) (i32.const 8))))
    (local.set $inside (i32.xor (local.get $inside) (i32.shl (local.get $inside) (i32.const 16))))
    (local.set $inside (i32.xor (local.get $inside) (local.get $insideBefore)))
    (local.set $insideBefore (i32.shr_s (local.get $inside) (i32.const 31)))
    (if (i32.and (local.get $escapes) (i32.xor (local.get $inside) (i32.const -1)))
      (then (return (i32.const 0))))
    (local.set $structure (i32.or
      (i8x16.bitmask (i8x16.eq
        (v128.or (local.get $low) (local.get $braceBit))
        (i8x16.swizzle (local.get $table) (v128.and (local.get $low) (local.get $nibble)))))
      (i32.shl
        (i8x16.bitmask (i8x16.eq
          (v128.or (local.get $high) (local.get $braceBit))
          (i8x16.swizzle (local.get $table) (v128.and (local.get $high) (local.get $nibble)))))
        (i32.const 16))))
    (local.set $closing (i32.and (local.get $quotes) (i32.xor (local.get $inside) (i32.const -1))))
    (i32.store (local.get $mask) (i32.or
      (i32.or
        (local.get $escapes)
        (i32.and (local.get $structure) (i32.xor (local.get $inside) (i32.const -1))))
      (i32.or
        (i32.and
          (i32.or (i32.shl (local.get $closing) (i32.const 1)) (local.get $closingBefore))
          (i32.xor (local.get $structure) (i32.const -1)))
        (i32.and
          (i32.and (local.get $quotes) (local.get $inside))
          (i32.xor
            (i32.or (i32.shl (local.get $structure) (i32.const 1)) (local.get $structureBefore))
            (i32.const -1))))))
    (local.set $closingBefore (i32.shr_u (local.get $closing) (i32.const 31)))
    (local.set $structureBefore (i32.shr_u (local.get $structure) (i32.const 31)))
    (local.set $mask (i32.add (local.get $mask) (i32.const 4)))
    (br_if $block (i32.lt_u
      (local.tee $at (i32.add (local.get $at) (i32.const 32)))
      (local.get $end))))
  (i32.const 1))
