;; The module's memory, as simd-module.ts lays it out:
;;
;;   0    name of the key field       at most 64 bytes
;;   64   name of the timestamp field at most 64 bytes
;;   128  1 for each byte that a number, true, false or null can begin with, else 0
;;   384  columns │ masks │ records │ blanks
;;
;; The records begin at $records, a multiple of 64. Each of their bytes has one bit in the masks,
;; lowest first: bit b of the 64-bit word at $masks + 8w belongs to the byte at $records + 64w + b.

;; Epoch ms at which a civil day begins, NaN for no such day: (year, month, day).
(import "calendar" "dayStart" (func $dayStart (param i32 i32 i32) (result f64)))
(memory (export "memory") 1)

(global $records (export "records") (mut i32) (i32.const 0))
;; Which byte of the page stands at $records.
(global $recordsStart (export "recordsStart") (mut i32) (i32.const 0))
(global $masks (export "masks") (mut i32) (i32.const 0))
(global $columns (export "columns") (mut i32) (i32.const 0))
;; Rows that the columns have room for, and rows that are in them.
(global $capacity (export "capacity") (mut i32) (i32.const 0))
(global $rowCount (export "rowCount") (mut i32) (i32.const 0))
(global $idLength (export "idLength") (mut i32) (i32.const 0))
(global $timestampLength (export "timestampLength") (mut i32) (i32.const 0))
