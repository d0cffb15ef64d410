;; Writes the 16 bytes of the uuid whose 36 characters begin at $at to $target. Returns 0 when it is
;; no uuid, 1 otherwise.
(func $readUuid (param $at i32) (param $target i32) (result i32)
  (local $start v128) (local $middle v128)
  (local.set $start (v128.load (local.get $at)))
  (local.set $middle (v128.load offset=16 (local.get $at)))
  (if (i32.ne
      (i32.or
        (i32.and (i8x16.bitmask (i8x16.eq (local.get $start) (i8x16.splat (i32.const 0x2d)))) (i32.const 0x2100))
        (i32.and (i8x16.bitmask (i8x16.eq (local.get $middle) (i8x16.splat (i32.const 0x2d)))) (i32.const 0x0084)))
      (i32.const 0x2184))
    (then (return (i32.const 0))))
  ;; 32 digits without the dashes at 8, 13, 18 and 23.
  (local.set $start (call $readHex (i8x16.shuffle
    0 1 2 3 4 5 6 7 9 10 11 12 14 15 16 17
    (local.get $start) (local.get $middle))))
  (local.set $middle (call $readHex (i8x16.shuffle
    3 4 5 6 8 9 10 11 12 13 14 15 28 29 30 31
    (local.get $middle) (v128.load offset=20 (local.get $at)))))
  ;; A lane of $readHex for no digits is over 255, which the narrowing would hide.
  (if (v128.any_true (i16x8.gt_u
      (v128.or (local.get $start) (local.get $middle))
      (i16x8.splat (i32.const 255))))
    (then (return (i32.const 0))))
  (v128.store (local.get $target) (i8x16.narrow_i16x8_u (local.get $start) (local.get $middle)))
  (i32.const 1))

;; The values of 8 pairs of hexadecimal digits of either case. All ones when one is no digit.
(func $readHex (param $text v128) (result v128)
  (local $digit v128) (local $letter v128) (local $isDigit v128)
  (local.set $digit (i8x16.sub (local.get $text) (i8x16.splat (i32.const 0x30))))
  (local.set $letter (i8x16.sub
    (v128.or (local.get $text) (i8x16.splat (i32.const 0x20)))
    (i8x16.splat (i32.const 0x61))))
  (local.set $isDigit (i8x16.lt_u (local.get $digit) (i8x16.splat (i32.const 10))))
  (if (i32.eqz (i8x16.all_true (v128.or
      (local.get $isDigit)
      (i8x16.lt_u (local.get $letter) (i8x16.splat (i32.const 6))))))
    (then (return (i16x8.splat (i32.const -1)))))
  (local.set $digit (v128.bitselect
    (local.get $digit)
    (i8x16.add (local.get $letter) (i8x16.splat (i32.const 10)))
    (local.get $isDigit)))
  ;; The first digit of a pair is a lane's low byte.
  (v128.or
    (i16x8.shr_u (local.get $digit) (i32.const 8))
    (i16x8.shl (v128.and (local.get $digit) (i16x8.splat (i32.const 255))) (i32.const 4))))
