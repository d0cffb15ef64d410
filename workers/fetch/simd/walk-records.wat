;; Second pass: goes from mask bit to mask bit, and vouches for a record only where record-walker.ts
;; would, and there only for the usual form: no white space, no escape in a key, key and timestamp
;; of the forms that are read here. It stops before any other record; nothing of that is taken.
;;
;; Takes records into the columns, the first one's { being at $at. Returns
;;   the place of a record that it cannot vouch for, or has no room for; or
;;   minus the place behind a record that no comma follows.
;;
;; The step to the next bit is written out three times: one loop with a single step, and what has
;; been seen in variables, took twice as long, as did calls. It needs no bound, for the blanks behind
;; the records have bits.
(func (export "walkRecords") (param $at i32) (result i32)
  ;; Bits of the current mask word that lie ahead, the word's address, the byte of its lowest bit.
  (local $bits i64) (local $word i32) (local $wordStart i32)
  ;; The byte that the walk is at. $folded has [ and ] as { and }.
  (local $place i32) (local $byte i32) (local $folded i32)
  ;; The current member: first byte of its key; of its value; past a nested value.
  (local $key i32) (local $keyLength i32) (local $value i32) (local $first i32) (local $nestedEnd i32)
  (local $depth i32)
  (local $id i32) (local $idEnd i32) (local $timestamp i32) (local $timestampEnd i32)
  (local.set $place (i32.sub (local.get $at) (global.get $records)))
  (local.set $word (i32.add
    (global.get $masks)
    (i32.shl (i32.shr_u (local.get $place) (i32.const 6)) (i32.const 3))))
  (local.set $wordStart (i32.add
    (global.get $records)
    (i32.and (local.get $place) (i32.const -64))))
  ;; A shift counts modulo 64.
  (local.set $bits (i64.and
    (i64.load (local.get $word))
    (i64.shl (i64.const -1) (i64.extend_i32_u (local.get $place)))))
  (block $unsure (loop $record
    (br_if $unsure (i32.ge_u (global.get $rowCount) (global.get $capacity)))
    (br_if $unsure (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x7b)))
    (local.set $place (local.get $at))
    (local.set $id (i32.const 0))
    (local.set $timestamp (i32.const 0))
    (loop $member
      (br_if $unsure (i32.ne (i32.load8_u offset=1 (local.get $place)) (i32.const 0x22)))
      (local.set $key (i32.add (local.get $place) (i32.const 2)))
      ;; The first bit behind a key's opening quote stands directly behind its closing quote.
      (loop $skipped
        (if (i64.eqz (local.get $bits)) (then (loop $empty
          (local.set $word (i32.add (local.get $word) (i32.const 8)))
          (local.set $wordStart (i32.add (local.get $wordStart) (i32.const 64)))
          (br_if $empty (i64.eqz (local.tee $bits (i64.load (local.get $word))))))))
        (local.set $place (i32.add (local.get $wordStart) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
        (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
        (local.set $byte (i32.load8_u (local.get $place)))
        (br_if $skipped (i32.lt_u (local.get $place) (local.get $key))))
      (br_if $unsure (i32.ne (local.get $byte) (i32.const 0x3a)))
      (local.set $keyLength (i32.sub (i32.sub (local.get $place) (i32.const 1)) (local.get $key)))
      (local.set $value (i32.add (local.get $place) (i32.const 1)))
      (local.set $first (i32.load8_u (local.get $value)))
      (local.set $nestedEnd (i32.const 0))
      (if (i32.eq (i32.or (local.get $first) (i32.const 0x20)) (i32.const 0x7b)) (then
        (local.set $depth (i32.const 0))
        (loop $nested
          (if (i64.eqz (local.get $bits)) (then (loop $empty
            (local.set $word (i32.add (local.get $word) (i32.const 8)))
            (local.set $wordStart (i32.add (local.get $wordStart) (i32.const 64)))
            (br_if $empty (i64.eqz (local.tee $bits (i64.load (local.get $word))))))))
          (local.set $place (i32.add (local.get $wordStart) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
          (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
          (local.set $byte (i32.load8_u (local.get $place)))
          (local.set $folded (i32.or (local.get $byte) (i32.const 0x20)))
          (br_if $nested (i32.or
            (i32.eq (local.get $folded) (i32.const 0x2c))
            (i32.eq (local.get $folded) (i32.const 0x3a))))
          (if (i32.eq (local.get $folded) (i32.const 0x7b)) (then
            (local.set $depth (i32.add (local.get $depth) (i32.const 1)))
            (br $nested)))
          (if (i32.ne (local.get $folded) (i32.const 0x7d)) (then
            (br_if $unsure (i32.ne (local.get $byte) (i32.const 0x5c)))
            (br_if $unsure (call $isNul (local.get $place)))
            (br $nested)))
          (br_if $nested (local.tee $depth (i32.sub (local.get $depth) (i32.const 1)))))
        (local.set $nestedEnd (i32.add (local.get $place) (i32.const 1)))))
      (loop $escape
        (if (i64.eqz (local.get $bits)) (then (loop $empty
          (local.set $word (i32.add (local.get $word) (i32.const 8)))
          (local.set $wordStart (i32.add (local.get $wordStart) (i32.const 64)))
          (br_if $empty (i64.eqz (local.tee $bits (i64.load (local.get $word))))))))
        (local.set $place (i32.add (local.get $wordStart) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
        (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
        (local.set $byte (i32.load8_u (local.get $place)))
        (if (i32.eq (local.get $byte) (i32.const 0x5c)) (then
          (br_if $unsure (call $isNul (local.get $place)))
          (br $escape))))
      (if (local.get $nestedEnd)
        (then (br_if $unsure (i32.ne (local.get $place) (local.get $nestedEnd))))
        (else (if (i32.ne (local.get $first) (i32.const 0x22))
          (then (br_if $unsure (i32.eqz (call $isScalar (local.get $value) (local.get $place))))))))
      (if (i32.eq (local.get $keyLength) (global.get $idLength)) (then
        (if (call $isAt (local.get $key) (i32.const 0) (global.get $idLength)) (then
          (local.set $id (local.get $value))
          (local.set $idEnd (local.get $place))))))
      (if (i32.eq (local.get $keyLength) (global.get $timestampLength)) (then
        (if (call $isAt (local.get $key) (i32.const 64) (global.get $timestampLength)) (then
          (local.set $timestamp (local.get $value))
          (local.set $timestampEnd (local.get $place))))))
      (br_if $member (i32.eq (local.get $byte) (i32.const 0x2c))))
    (br_if $unsure (i32.ne (local.get $byte) (i32.const 0x7d)))

    (local.set $place (i32.add (local.get $place) (i32.const 1)))
    (br_if $unsure (i32.eqz (local.get $id)))
    (br_if $unsure (i32.ne (i32.sub (local.get $idEnd) (local.get $id)) (i32.const 38)))
    (br_if $unsure (i32.ne (i32.load8_u (local.get $id)) (i32.const 0x22)))
    (br_if $unsure (i32.eqz (call $putRow
      (local.get $at) (local.get $place)
      (i32.add (local.get $id) (i32.const 1))
      (local.get $timestamp) (local.get $timestampEnd))))
    (if (i32.ne (i32.load8_u (local.get $place)) (i32.const 0x2c))
      (then (return (i32.sub (i32.const 0) (local.get $place)))))
    (local.set $at (i32.add (local.get $place) (i32.const 1)))
    (br $record)))
  (local.get $at))

;; Adds the row of the record from $start up to $end. $timestamp is 0 where it has none. Returns 0, and
;; adds none, when the key is no uuid or the timestamp is not of a form that is read here.
(func $putRow
  (param $start i32) (param $end i32) (param $id i32) (param $timestamp i32) (param $timestampEnd i32)
  (result i32)
  (local $row i32) (local $capacity i32) (local $target i32) (local $ms f64)
  (local.set $row (global.get $rowCount))
  (local.set $capacity (global.get $capacity))
  (local.set $ms (f64.const nan))
  (if (local.get $timestamp) (then
    (local.set $ms (call $readInstant (local.get $timestamp) (local.get $timestampEnd)))
    (if (f64.lt (local.get $ms) (f64.const 0)) (then (return (i32.const 0))))))
  ;; Columns: occurredAtMs 8, recordStarts 4, recordEnds 4, ids 16 bytes a row.
  (if (i32.eqz (call $readUuid
      (local.get $id)
      (i32.add
        (global.get $columns)
        (i32.shl (i32.add (local.get $capacity) (local.get $row)) (i32.const 4)))))
    (then (return (i32.const 0))))
  (f64.store
    (i32.add (global.get $columns) (i32.shl (local.get $row) (i32.const 3)))
    (local.get $ms))
  (local.set $target (i32.add
    (global.get $columns)
    (i32.shl
      (i32.add (i32.shl (local.get $capacity) (i32.const 1)) (local.get $row))
      (i32.const 2))))
  (i32.store (local.get $target) (call $inPage (local.get $start)))
  (i32.store
    (i32.add (local.get $target) (i32.shl (local.get $capacity) (i32.const 2)))
    (call $inPage (local.get $end)))
  (global.set $rowCount (i32.add (local.get $row) (i32.const 1)))
  (i32.const 1))

;; Which byte of the page stands at $at.
(func $inPage (param $at i32) (result i32)
  (i32.add (i32.sub (local.get $at) (global.get $records)) (global.get $recordsStart)))

;; Whether the bytes from $at up to $end begin as a number or word does, and have no white space.
(func $isScalar (param $at i32) (param $end i32) (result i32)
  (if (i32.eqz (i32.load8_u offset=128 (i32.load8_u (local.get $at)))) (then (return (i32.const 0))))
  (loop $each
    (if (i32.le_u (i32.load8_u (local.get $at)) (i32.const 0x20)) (then (return (i32.const 0))))
    (br_if $each (i32.lt_u
      (local.tee $at (i32.add (local.get $at) (i32.const 1)))
      (local.get $end))))
  (i32.const 1))

;; Whether the escape at $at is \u0000.
(func $isNul (param $at i32) (result i32)
  (i32.and
    (i32.eq (i32.load8_u offset=1 (local.get $at)) (i32.const 0x75))
    (i32.eq (i32.load offset=2 (local.get $at)) (i32.const 0x30303030))))

;; Whether the $length bytes, at least one, at $at are those at $name.
(func $isAt (param $at i32) (param $name i32) (param $length i32) (result i32)
  (local $end i32)
  (local.set $end (i32.add (local.get $at) (local.get $length)))
  (loop $same
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.load8_u (local.get $name)))
      (then (return (i32.const 0))))
    (local.set $name (i32.add (local.get $name) (i32.const 1)))
    (br_if $same (i32.lt_u
      (local.tee $at (i32.add (local.get $at) (i32.const 1)))
      (local.get $end))))
  (i32.const 1))
