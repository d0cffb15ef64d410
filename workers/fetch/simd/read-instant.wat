;; The date that was read last, as its four lanes, and when it begins: most rows of a page share it.
(global $date (mut i64) (i64.const 0))
(global $dateStart (mut f64) (f64.const nan))

;; Epoch ms of the timestamp from $start up to $end, quotes included; NaN for null.
;; Negative for any form but the two usual ones of timestamp-bytes.ts, for what is no instant, and for
;; those before 1970, all of which are left to the plain scanner.
(func $readInstant (param $start i32) (param $end i32) (result f64)
  (local $length i32)
  (local.set $length (i32.sub (local.get $end) (local.get $start)))
  (if (i32.eq (i32.load8_u (local.get $start)) (i32.const 0x22)) (then
    (if (i32.ne (local.get $length) (i32.const 26)) (then (return (f64.const -1))))
    (return (call $readIsoMs (i32.add (local.get $start) (i32.const 1))))))
  (if (i32.eq (local.get $length) (i32.const 13))
    (then (return (call $readEpochMs (local.get $start)))))
  (if (i32.and
      (i32.eq (local.get $length) (i32.const 4))
      (i32.eq (i32.load (local.get $start)) (i32.const 0x6c6c756e))) ;; null
    (then (return (f64.const nan))))
  (f64.const -1))

;; YYYY-MM-DDTHH:mm:ss.sssZ at $at.
(func $readIsoMs (param $at i32) (result f64)
  (local $start v128) (local $end v128) (local $digits v128) (local $lastDigit i32) (local $date i64)
  (local.set $start (v128.load (local.get $at)))
  (local.set $end (v128.load offset=8 (local.get $at)))
  (if (i32.ne (i32.const 0x2490) (i32.and (i32.const 0x2490) (i8x16.bitmask (i8x16.eq
      (local.get $start)
      (v128.const i8x16 0 0 0 0 0x2d 0 0 0x2d 0 0 0x54 0 0 0x3a 0 0)))))
    (then (return (f64.const -1))))
  (if (i32.ne (i32.const 0x8900) (i32.and (i32.const 0x8900) (i8x16.bitmask (i8x16.eq
      (local.get $end)
      (v128.const i8x16 0 0 0 0 0 0 0 0 0x3a 0 0 0x2e 0 0 0 0x5a)))))
    (then (return (f64.const -1))))
  ;; All digits but the last.
  (local.set $digits (i8x16.sub
    (i8x16.shuffle 0 1 2 3 5 6 8 9 11 12 14 15 25 26 28 29 (local.get $start) (local.get $end))
    (i8x16.splat (i32.const 0x30))))
  (local.set $lastDigit (i32.sub (i32.load8_u offset=22 (local.get $at)) (i32.const 0x30)))
  (if (i32.eqz (i32.and
      (i8x16.all_true (i8x16.lt_u (local.get $digits) (i8x16.splat (i32.const 10))))
      (i32.lt_u (local.get $lastDigit) (i32.const 10))))
    (then (return (f64.const -1))))
  ;; Pairs of digits: century, year, month, day, hour, minute, second, hundredth.
  (local.set $digits (i16x8.add
    (i16x8.shr_u (local.get $digits) (i32.const 8))
    (i16x8.mul
      (v128.and (local.get $digits) (i16x8.splat (i32.const 255)))
      (i16x8.splat (i32.const 10)))))
  (if (v128.any_true (i16x8.gt_u (local.get $digits) (v128.const i16x8 99 99 99 99 23 59 59 99)))
    (then (return (f64.const -1))))
  (local.set $date (i64x2.extract_lane 0 (local.get $digits)))
  (if (i64.ne (local.get $date) (global.get $date)) (then
    (global.set $date (local.get $date))
    (global.set $dateStart (call $dayStart
      (i32.add
        (i32.mul (i16x8.extract_lane_u 0 (local.get $digits)) (i32.const 100))
        (i16x8.extract_lane_u 1 (local.get $digits)))
      (i16x8.extract_lane_u 2 (local.get $digits))
      (i16x8.extract_lane_u 3 (local.get $digits))))))
  (if (f64.ne (global.get $dateStart) (global.get $dateStart)) (then (return (f64.const -1))))
  (f64.add (global.get $dateStart) (f64.convert_i32_u (i32.add
    (i32.mul
      (i32.add
        (i32.mul
          (i32.add
            (i32.mul (i16x8.extract_lane_u 4 (local.get $digits)) (i32.const 60))
            (i16x8.extract_lane_u 5 (local.get $digits)))
          (i32.const 60))
        (i16x8.extract_lane_u 6 (local.get $digits)))
      (i32.const 1000))
    (i32.add
      (i32.mul (i16x8.extract_lane_u 7 (local.get $digits)) (i32.const 10))
      (local.get $lastDigit))))))

;; 13 digits at $at, within the years of src/source/timestamp.ts. Without a leading zero they are never
;; too early.
(func $readEpochMs (param $at i32) (result f64)
  (local $value i64) (local $digit i32) (local $end i32)
  (local.set $end (i32.add (local.get $at) (i32.const 13)))
  (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x30)) (then (return (f64.const -1))))
  (loop $next
    (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 0x30)))
    (if (i32.gt_u (local.get $digit) (i32.const 9)) (then (return (f64.const -1))))
    (local.set $value (i64.add
      (i64.mul (local.get $value) (i64.const 10))
      (i64.extend_i32_u (local.get $digit))))
    (br_if $next (i32.lt_u
      (local.tee $at (i32.add (local.get $at) (i32.const 1)))
      (local.get $end))))
  (if (i64.ge_u (local.get $value) (i64.const 4133980800000)) (then (return (f64.const -1))))
  (f64.convert_i64_u (local.get $value)))
