// RUN: hash-opt %s --verify-diagnostics --split-input-file

// Ops of the token stream that break a constraint.

func.func @prev_type(%t: tensor<8xi32>, %s: tensor<4xi32>) {
  // expected-error @+1 {{failed to verify that `tokens`, `starts`, `result` have one type (type)}}
  %0 = hash.prev %t, %s {distance = 1 : i64, window = 4 : i64, bos = 0 : i64}
    : (tensor<8xi32>, tensor<4xi32>) -> tensor<8xi32>
  return
}

// -----

func.func @next_type(%t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `targets`, `result` have one type (type)}}
  %0 = hash.next %t for "future" : (tensor<8xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @prev_window(%t: tensor<8xi32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that the rows of `tokens` are whole windows (window)}}
  %0 = hash.prev %t, %s {distance = 1 : i64, window = 3 : i64, bos = 0 : i64}
    : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  return
}

// -----

func.func @prev_distance(%t: tensor<8xi32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'distance' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  %0 = hash.prev %t, %s {distance = -1 : i64, window = 4 : i64, bos = 0 : i64}
    : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  return
}

// -----

func.func @prev_no_window(%t: tensor<8xi32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'window' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0 = hash.prev %t, %s {distance = 1 : i64, window = 0 : i64, bos = 0 : i64}
    : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  return
}

// -----

func.func @prev_bos(%t: tensor<8xi32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'bos' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  %0 = hash.prev %t, %s {distance = 1 : i64, window = 4 : i64, bos = -1 : i64}
    : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  return
}

// -----

func.func @prev_attribute(%t: tensor<8xi32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{requires attribute 'bos'}}
  %0 = hash.prev %t, %s {distance = 1 : i64, window = 4 : i64} : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  return
}

// -----

// Shapes are known.
func.func @dynamic(%t: tensor<?xi32>, %s: tensor<?xi32>) {
  // expected-error @+1 {{operand #0 must be stream of known shape of 32-bit signless integer values, but got 'tensor<?xi32>'}}
  %0 = hash.prev %t, %s {distance = 1 : i64, window = 4 : i64, bos = 0 : i64} : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
  return
}

// -----

// Nothing is empty.
func.func @empty(%t: tensor<0xi32>, %s: tensor<0xi32>) {
  // expected-error @+1 {{operand #0 must be stream of known shape}}
  %0 = hash.prev %t, %s {distance = 1 : i64, window = 4 : i64, bos = 0 : i64} : (tensor<0xi32>, tensor<0xi32>) -> tensor<0xi32>
  return
}

// -----

func.func @wide(%t: tensor<8xi64>, %s: tensor<8xi64>) {
  // expected-error @+1 {{operand #0 must be stream of known shape of 32-bit signless integer values, but got 'tensor<8xi64>'}}
  %0 = hash.prev %t, %s {distance = 1 : i64, window = 4 : i64, bos = 0 : i64} : (tensor<8xi64>, tensor<8xi64>) -> tensor<8xi64>
  return
}

// -----

func.func @position_type(%s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `starts`, `result` have one type (type)}}
  %0 = hash.position %s {window = 4 : i64} : (tensor<8xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @position_window(%s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that the rows of `starts` are whole windows (window)}}
  %0 = hash.position %s {window = 16 : i64} : (tensor<8xi32>) -> tensor<8xi32>
  return
}

// -----

func.func @position_no_window(%s: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'window' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0 = hash.position %s {window = -4 : i64} : (tensor<8xi32>) -> tensor<8xi32>
  return
}

// -----

func.func @mix_nothing() {
  // expected-error @+1 {{expected 1 or more operands, but found 0}}
  %0 = "hash.mix"() : () -> tensor<8xi64>
  return
}

// -----

func.func @mix_rows(%a: tensor<8xi64>, %b: tensor<4xi64>) {
  // expected-error @+1 {{requires the same type for all operands and results}}
  %0 = "hash.mix"(%a, %b) : (tensor<8xi64>, tensor<4xi64>) -> tensor<8xi64>
  return
}

// -----

func.func @modulo_rows(%a: tensor<8xi64>) {
  // expected-error @+1 {{requires the same type for all operands and results}}
  %0 = "hash.modulo"(%a) {divisor = 3 : i64} : (tensor<8xi64>) -> tensor<4xi64>
  return
}

// -----

func.func @modulo_divisor(%a: tensor<8xi64>) {
  // expected-error @+1 {{attribute 'divisor' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0 = hash.modulo %a by 0 : tensor<8xi64>
  return
}

// -----

func.func @modulo_negative(%a: tensor<8xi64>) {
  // expected-error @+1 {{attribute 'divisor' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0 = hash.modulo %a by -3 : tensor<8xi64>
  return
}

// -----

func.func @lookup_rows(%k: tensor<8xi32>, %t: tensor<32xi32>) {
  // expected-error @+1 {{failed to verify that `keys`, `result` have as many rows (rows)}}
  %0 = hash.table_lookup %k in %t : (tensor<8xi32>, tensor<32xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @lookup_choices(%k: tensor<8xi32>, %t: tensor<32x2xi32>) {
  // expected-error @+1 {{failed to verify that `result` has the columns of `table`: one for each choice (choices)}}
  %0 = hash.table_lookup %k in %t : (tensor<8xi32>, tensor<32x2xi32>) -> tensor<8x3xi32>
  return
}

// -----

func.func @lookup_choice(%k: tensor<8xi32>, %t: tensor<32x2xi32>) {
  // expected-error @+1 {{failed to verify that `result` has the columns of `table`: one for each choice (choices)}}
  %0 = hash.table_lookup %k in %t : (tensor<8xi32>, tensor<32x2xi32>) -> tensor<8xi32>
  return
}

// -----

// A table is never cast.
func.func @lookup_cast(%k: tensor<8xi32>, %t: tensor<32xbf16>) {
  // expected-error @+1 {{operand #1 must be stream of one or several choices of known shape of 32-bit signless integer values, but got 'tensor<32xbf16>'}}
  %0 = hash.table_lookup %k in %t : (tensor<8xi32>, tensor<32xbf16>) -> tensor<8xi32>
  return
}

// -----

func.func @choices_one(%a: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `result` has a column for each of several hashes, and their rows (choices)}}
  %0 = hash.choices %a of 4 : (tensor<8xi32>) -> tensor<8x1xi32>
  return
}

// -----

func.func @choices_columns(%a: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `result` has a column for each of several hashes, and their rows (choices)}}
  %0 = hash.choices %a, %a of 4 : (tensor<8xi32>, tensor<8xi32>) -> tensor<8x3xi32>
  return
}

// -----

func.func @choices_rows(%a: tensor<8xi32>, %b: tensor<9xi32>) {
  // expected-error @+1 {{failed to verify that `result` has a column for each of several hashes, and their rows (choices)}}
  %0 = hash.choices %a, %b of 4 : (tensor<8xi32>, tensor<9xi32>) -> tensor<8x2xi32>
  return
}

// -----

func.func @choices_groups(%a: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'groups' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0 = hash.choices %a, %a of 0 : (tensor<8xi32>, tensor<8xi32>) -> tensor<8x2xi32>
  return
}

// -----

func.func @row_at_one(%v: tensor<8xi32>, %i: tensor<2xi32>) {
  // expected-error @+1 {{failed to verify that `index` has one element (one)}}
  %0 = hash.row_at %v at %i : (tensor<8xi32>, tensor<2xi32>) -> tensor<1xi32>
  return
}

// -----

func.func @row_at_row(%v: tensor<8xi32>, %i: tensor<1xi32>) {
  // expected-error @+1 {{failed to verify that `result` is one row of `value` (row)}}
  %0 = hash.row_at %v at %i : (tensor<8xi32>, tensor<1xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @row_at_width(%v: tensor<8x3xi32>, %i: tensor<1xi32>) {
  // expected-error @+1 {{failed to verify that `result` is one row of `value` (row)}}
  %0 = hash.row_at %v at %i : (tensor<8x3xi32>, tensor<1xi32>) -> tensor<1x2xi32>
  return
}

// -----

func.func @row_at_type(%v: tensor<8xi32>, %i: tensor<1xi32>) {
  // expected-error @+1 {{failed to verify that `value`, `result` have one element type (type)}}
  %0 = hash.row_at %v at %i : (tensor<8xi32>, tensor<1xi32>) -> tensor<1xi64>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @plan_experts(%e: tensor<4xi32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `experts` has a row for each token of the plan (tokens)}}
  %0 = hash.plan %e masked %t : (tensor<4xi32>, tensor<8xi32>) -> !p
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @plan_tokens(%e: tensor<8xi32>, %t: tensor<4xi32>) {
  // expected-error @+1 {{failed to verify that `tokens` has a row for each token of the plan (tokens)}}
  %0 = hash.plan %e masked %t : (tensor<8xi32>, tensor<4xi32>) -> !p
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @plan_choices(%e: tensor<8xi32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `experts` has a column for each choice of the plan (choices)}}
  %0 = hash.plan %e masked %t : (tensor<8xi32>, tensor<8xi32>) -> !p
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @plan_too_many_choices(%e: tensor<8x2xi32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `experts` has a column for each choice of the plan (choices)}}
  %0 = hash.plan %e masked %t : (tensor<8x2xi32>, tensor<8xi32>) -> !p
  return
}
