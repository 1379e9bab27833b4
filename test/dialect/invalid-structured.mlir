// RUN: hash-opt %s --verify-diagnostics --split-input-file

// Structured ops that break a constraint.

func.func @products(%e: tensor<8x5xf32>) {
  // expected-error @+1 {{has 0 lhs, 0 rhs and 0 sums to add them to (products)}}
  %0 = "hash.grouped_gemm"(%e) <{operandSegmentSizes = array<i32: 0, 0, 0, 0, 1>, lhs_at = array<i32>, into = array<i64>,
      reads_at = array<i32>, outs_at = array<i32: 0>}> ({
  ^bb0(%i0: f32):
    hash.yield %i0 : f32
  }) : (tensor<8x5xf32>) -> tensor<8x5xf32>
  return
}

// -----

func.func @pairs(%x: tensor<8x6xf32>, %w: tensor<6x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{has 2 lhs, 1 rhs and 1 sums to add them to (products)}}
  %y = hash.grouped_gemm lhs(%x, %x : tensor<8x6xf32>, tensor<8x6xf32>) at [position, position] rhs(%w : tensor<6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

func.func @sums(%x: tensor<8x6xf32>, %w: tensor<6x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{has 1 lhs, 1 rhs and 2 sums to add them to (products)}}
  %y = hash.grouped_gemm lhs(%x : tensor<8x6xf32>) at [position] rhs(%w : tensor<6x5xf32>) into [0, 1]
      reads() at [] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %s1: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

func.func @gap(%x: tensor<8x6xf32>, %w: tensor<6x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{does not number its sums from 0 without gaps (into)}}
  %y = hash.grouped_gemm lhs(%x : tensor<8x6xf32>) at [position] rhs(%w : tensor<6x5xf32>) into [1]
      reads() at [] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

func.func @negative(%x: tensor<8x6xf32>, %w: tensor<6x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{does not number its sums from 0 without gaps (into)}}
  %y = hash.grouped_gemm lhs(%x : tensor<8x6xf32>) at [position] rhs(%w : tensor<6x5xf32>) into [-1]
      reads() at [] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

func.func @precision(%x: tensor<8x6xf32>, %w: tensor<6x5xf64>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{computes in 'f32', but has an operand of 'tensor<6x5xf64>' (precision)}}
  %y = hash.grouped_gemm lhs(%x : tensor<8x6xf32>) at [position] rhs(%w : tensor<6x5xf64>) into [0]
      reads() at [] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

func.func @integers(%x: tensor<8x6xi32>, %w: tensor<6x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{operand #0 must be variadic of tensor of known shape of}}
  %y = hash.grouped_gemm lhs(%x : tensor<8x6xi32>) at [position] rhs(%w : tensor<6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @lhs_rows(%p: !p, %x: tensor<16x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{lhs 0 is 16x6, but token has 8 rows (lhs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<16x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @lhs_slots(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{lhs 0 is 8x6, but slot has 16 rows (lhs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [slot] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @lhs_rank(%p: !p, %x: tensor<8x6x1xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{lhs 0 is 8x6x1, but token has 8 rows (lhs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6x1xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @lhs_group(%p: !p, %x: tensor<4x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{lhs 0 is in space group; a product has rows of positions, slots or tokens (lhs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<4x6xf32>) at [group] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

func.func @lhs_dense(%x: tensor<4x6xf32>, %w: tensor<6x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{lhs 0 is 4x6, but position has 8 rows (lhs)}}
  %y = hash.grouped_gemm lhs(%x : tensor<4x6xf32>) at [position] rhs(%w : tensor<6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @rhs_depth(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x5x6xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{rhs 0 is 4x5x6, not 4x6x5, a matrix for each expert (rhs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x5x6xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @rhs_transposed(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{rhs 0 is 4x6x5, not 4x5x6, a matrix for each expert (rhs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) transposed into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @rhs_experts(%p: !p, %x: tensor<8x6xf32>, %w: tensor<3x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{rhs 0 is 3x6x5, not 4x6x5, a matrix for each expert (rhs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<3x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

// A dense matrix needs no plan.
!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @rhs_dense(%p: !p, %x: tensor<8x6xf32>, %w: tensor<6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{rhs 0 is 6x5, not 4x6x5, a matrix for each expert (rhs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

func.func @rhs_no_plan(%x: tensor<8x6xf32>, %w: tensor<5x6xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{rhs 0 is 5x6, not 6x5 (rhs)}}
  %y = hash.grouped_gemm lhs(%x : tensor<8x6xf32>) at [position] rhs(%w : tensor<5x6xf32>) into [0]
      reads() at [] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

// Five columns are two panels of four.
!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @rhs_panels(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x1x6x4xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{rhs 0 is 4x1x6x4, not 4x2x6x4, a matrix for each expert (rhs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x1x6x4xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

func.func @rhs_panels_dense(%x: tensor<8x6xf32>, %w: tensor<2x4x4xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{rhs 0 is 2x4x4, not 2x6x4 (rhs)}}
  %y = hash.grouped_gemm lhs(%x : tensor<8x6xf32>) at [position] rhs(%w : tensor<2x4x4xf32>) into [0]
      reads() at [] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outs_rows(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{out 0 is 8x5, but slot has 16 rows of 5 features (outs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<8x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outs_columns(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>, %g: tensor<16x6xf32>) {
  // expected-error @+1 {{out 1 is 16x6, but position has 16 rows of 5 features (outs)}}
  %y:2 = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e, %g : tensor<16x5xf32>, tensor<16x6xf32>) at [slot, position] {
  ^bb0(%s0: f32, %i0: f32, %i1: f32):
    hash.yield %s0, %s0 : f32, f32
  } -> tensor<16x5xf32>, tensor<16x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outs_rank(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16xf32>) {
  // expected-error @+1 {{out 0 is 16, but slot has 16 rows of 16 features (outs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outs_token(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{out 0 is in space token, where rows would write over each other (outs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<8x5xf32>) at [token] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outs_group(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<4x5xf32>) {
  // expected-error @+1 {{out 0 is in space group, where rows would write over each other (outs)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<4x5xf32>) at [group] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<4x5xf32>
  return
}

// -----

func.func @outs_all(%x: tensor<8x6xf32>, %w: tensor<6x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{out 0 is in space all, where rows would write over each other (outs)}}
  %y = hash.grouped_gemm lhs(%x : tensor<8x6xf32>) at [position] rhs(%w : tensor<6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<8x5xf32>) at [all] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @reads_token(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %b: tensor<16x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{read 0 is 16x5, but token has 8 rows of 5 features (reads)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads(%b : tensor<16x5xf32>) at [token] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %r0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @reads_group(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %b: tensor<16x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{read 0 is 16x5, but group has 4 rows of 5 features (reads)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads(%b : tensor<16x5xf32>) at [group] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %r0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @reads_slot(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %b: tensor<8x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{read 0 is 8x5, but slot has 16 rows of 5 features (reads)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads(%b : tensor<8x5xf32>) at [slot] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %r0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @reads_all(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %b: tensor<1x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{read 0 is 1x5, but all has 1 row of 5 features (reads)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads(%b : tensor<1x5xf32>) at [all] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %r0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @reads_columns(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %b: tensor<16x6xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{read 0 is 16x6, but slot has 16 rows of 5 features (reads)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads(%b : tensor<16x6xf32>) at [slot] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %r0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @reads_row(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %b: tensor<8xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{read 0 is 8, but slot has 16 rows of 5 features (reads)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads(%b : tensor<8xf32>) at [slot] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %r0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @reads_vector(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %b: tensor<6xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{read 0 is 6, but all has 1 row of 5 features (reads)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads(%b : tensor<6xf32>) at [all] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %r0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

// Without a plan there are no experts: `group` is the row.
func.func @reads_dense(%x: tensor<8x6xf32>, %w: tensor<6x5xf32>, %b: tensor<4x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{read 0 is 4x5, but group has 8 rows of 5 features (reads)}}
  %y = hash.grouped_gemm lhs(%x : tensor<8x6xf32>) at [position] rhs(%w : tensor<6x5xf32>) into [0]
      reads(%b : tensor<4x5xf32>) at [group] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %r0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

func.func @zero_dead(%x: tensor<8x6xf32>, %w: tensor<6x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{clears rows without an expert, but has no plan (zero_dead)}}
  %y = hash.grouped_gemm lhs(%x : tensor<8x6xf32>) at [position] rhs(%w : tensor<6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<8x5xf32>) at [position] zero_dead {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @spaces_lhs(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has 2 row spaces for 1 lhs (spaces)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token, slot] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

func.func @spaces_number(%x: tensor<8x5xf32>) {
  // expected-error @+1 {{has a row space of number 7 (spaces)}}
  %0 = "hash.map"(%x, %x) <{operandSegmentSizes = array<i32: 0, 1, 1>, reads_at = array<i32: 0>, outs_at = array<i32: 7>}> ({
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  }) : (tensor<8x5xf32>, tensor<8x5xf32>) -> tensor<8x5xf32>
  return
}

// -----

func.func @spaces_name(%x: tensor<8x5xf32>) {
  // expected-error @+1 {{expected a row space: position, slot, token, group or all}}
  %0 = hash.map reads(%x : tensor<8x5xf32>) at [expert] outs(%x : tensor<8x5xf32>) at [position] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

func.func @form_extent(%p: memref<37xi32>, %x: memref<8x6xf32>, %w: memref<4x6x5xf32>, %e: memref<16x5xf32>) {
  // expected-error @+1 {{has the buffer of a plan, but no plan_shape that tells its extent (form)}}
  hash.grouped_gemm plan(%p : memref<37xi32>) lhs(%x : memref<8x6xf32>) at [token] rhs(%w : memref<4x6x5xf32>) into [0]
      reads() at [] outs(%e : memref<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  }
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @form_words(%p: memref<36xi32>, %x: memref<8x6xf32>, %w: memref<4x6x5xf32>, %e: memref<16x5xf32>) {
  // expected-error @+1 {{has a plan of 37 words in a buffer of 36 (form)}}
  hash.grouped_gemm plan(%p : memref<36xi32>) lhs(%x : memref<8x6xf32>) at [token] rhs(%w : memref<4x6x5xf32>) into [0]
      reads() at [] outs(%e : memref<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } {plan_shape = !p}
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @form_plan(%p: !p, %x: memref<8x6xf32>, %w: memref<4x6x5xf32>, %e: memref<16x5xf32>) {
  // expected-error @+1 {{is on buffers, but its plan is '!hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>' (form)}}
  hash.grouped_gemm plan(%p : !p) lhs(%x : memref<8x6xf32>) at [token] rhs(%w : memref<4x6x5xf32>) into [0]
      reads() at [] outs(%e : memref<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  }
  return
}

// -----

func.func @form_plan_buffer(%p: memref<37xi32>, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{is on tensors, but its plan is 'memref<37xi32>' (form)}}
  %y = hash.grouped_gemm plan(%p : memref<37xi32>) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @form_shape(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has a plan_shape without the buffer of a plan (form)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } {plan_shape = !p} -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @form_no_plan(%x: memref<8x6xf32>, %w: memref<6x5xf32>, %e: memref<8x5xf32>) {
  // expected-error @+1 {{has a plan_shape without the buffer of a plan (form)}}
  hash.grouped_gemm lhs(%x : memref<8x6xf32>) at [position] rhs(%w : memref<6x5xf32>) into [0]
      reads() at [] outs(%e : memref<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } {plan_shape = !p}
  return
}

// -----

func.func @form_both(%x: tensor<8x5xf32>, %m: memref<8x5xf32>) {
  // expected-error @+1 {{has tensors and buffers at once (form)}}
  hash.map reads(%x : tensor<8x5xf32>) at [position] outs(%m : memref<8x5xf32>) at [position] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  }
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @results_buffers(%p: memref<37xi32>, %x: memref<8x6xf32>, %w: memref<4x6x5xf32>, %e: memref<16x5xf32>) {
  // expected-error @+1 {{on buffers has no results (results)}}
  %y = hash.grouped_gemm plan(%p : memref<37xi32>) lhs(%x : memref<8x6xf32>) at [token] rhs(%w : memref<4x6x5xf32>) into [0]
      reads() at [] outs(%e : memref<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } {plan_shape = !p} -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @results_twice(%p: memref<37xi32>, %x: memref<8x6xf32>, %w: memref<4x6x5xf32>, %e: memref<16x5xf32>) {
  // expected-error @+1 {{writes two outs to one buffer (results)}}
  hash.grouped_gemm plan(%p : memref<37xi32>) lhs(%x : memref<8x6xf32>) at [token] rhs(%w : memref<4x6x5xf32>) into [0]
      reads() at [] outs(%e, %e : memref<16x5xf32>, memref<16x5xf32>) at [slot, slot] {
  ^bb0(%s0: f32, %i0: f32, %i1: f32):
    hash.yield %s0, %s0 : f32, f32
  } {plan_shape = !p}
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @results_type(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has not one result of its type for each out (results)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xbf16>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @results_none(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has not one result of its type for each out (results)}}
  hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  }
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @body_arguments(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has a body of ('f32'), but its sums, reads and inits are ('f32', 'f32') (body)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

// What is stored narrow is computed wide.
!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @body_type(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xbf16>) {
  // expected-error @+1 {{has a body of ('f32', 'bf16'), but its sums, reads and inits are ('f32', 'f32') (body)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xbf16>) at [slot] {
  ^bb0(%s0: f32, %i0: bf16):
    hash.yield %s0 : f32
  } -> tensor<16x5xbf16>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @body_sums(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has a body of ('f32', 'f32'), but its sums, reads and inits are ('f32', 'f32', 'f32') (body)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x, %x : tensor<8x6xf32>, tensor<8x6xf32>) at [token, token] rhs(%w, %w : tensor<4x6x5xf32>, tensor<4x6x5xf32>) into [0, 1]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @body_yield(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has a body that yields ('f32', 'f32'), but its outs are ('f32') (body)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0, %s0 : f32, f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @body_yield_type(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has a body that yields ('f64'), but its outs are ('f32') (body)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    %0 = arith.extf %s0 : f32 to f64
    hash.yield %0 : f64
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @body_tensor(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has a body with more than arithmetic on scalars (body)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    // expected-note @+1 {{'tensor.empty'}}
    %0 = tensor.empty() : tensor<4xf32>
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @body_effect(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has a body with more than arithmetic on scalars (body)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    // expected-note @+1 {{'memref.alloc'}}
    %0 = memref.alloc() : memref<4xf32>
    hash.yield %s0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @body_region(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has a body with more than arithmetic on scalars (body)}}
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x6x5xf32>) into [0]
      reads() at [] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    %c = arith.constant true
    // expected-note @+1 {{'scf.if'}}
    %0 = scf.if %c -> f32 {
      scf.yield %s0 : f32
    } else {
      scf.yield %i0 : f32
    }
    hash.yield %0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

func.func @body_end(%x: tensor<8x5xf32>) {
  // expected-error @+1 {{has a body that does not end in hash.yield (body)}}
  %0 = hash.map reads(%x : tensor<8x5xf32>) at [position] outs(%x : tensor<8x5xf32>) at [position] {
  ^bb0(%r0: f32, %i0: f32):
    func.return
  } -> tensor<8x5xf32>
  return
}

// -----

func.func @body_outside(%x: tensor<8x5xf32>, %s: f32) {
  // expected-note @+1 {{required by region isolation constraints}}
  %0 = hash.map reads(%x : tensor<8x5xf32>) at [position] outs(%x : tensor<8x5xf32>) at [position] {
  ^bb0(%r0: f32, %i0: f32):
    // expected-error @+1 {{using value defined outside the region}}
    hash.yield %s : f32
  } -> tensor<8x5xf32>
  return
}

// -----

func.func @yield(%s: f32) {
  // expected-error @+1 {{expects parent op to be one of 'hash.grouped_gemm, hash.grouped_outer, hash.map'}}
  hash.yield %s : f32
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outer_precision(%p: !p, %x: tensor<8x6xf32>, %y: tensor<16x5xf64>, %g: tensor<4x6x5xf32>) {
  // expected-error @+1 {{computes in 'f32', but has an operand of 'tensor<16x5xf64>' (precision)}}
  %z = hash.grouped_outer plan(%p : !p) lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<16x5xf64>) at [token, slot]
      reads() outs(%g : tensor<4x6x5xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<4x6x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outer_lhs(%p: !p, %x: tensor<16x6xf32>, %y: tensor<16x5xf32>, %g: tensor<4x6x5xf32>) {
  // expected-error @+1 {{lhs is 16x6, but token has 8 rows (lhs)}}
  %z = hash.grouped_outer plan(%p : !p) lhs(%x : tensor<16x6xf32>) rhs(%y : tensor<16x5xf32>) at [token, slot]
      reads() outs(%g : tensor<4x6x5xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<4x6x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outer_rhs(%p: !p, %x: tensor<8x6xf32>, %y: tensor<8x5xf32>, %g: tensor<4x6x5xf32>) {
  // expected-error @+1 {{rhs is 8x5, but slot has 16 rows (lhs)}}
  %z = hash.grouped_outer plan(%p : !p) lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<8x5xf32>) at [token, slot]
      reads() outs(%g : tensor<4x6x5xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<4x6x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outer_space(%p: !p, %x: tensor<8x6xf32>, %y: tensor<1x5xf32>, %g: tensor<4x6x5xf32>) {
  // expected-error @+1 {{rhs is in space all; a product has rows of positions, slots or tokens (lhs)}}
  %z = hash.grouped_outer plan(%p : !p) lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<1x5xf32>) at [token, all]
      reads() outs(%g : tensor<4x6x5xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<4x6x5xf32>
  return
}

// -----

func.func @outer_dense_rows(%x: tensor<8x6xf32>, %y: tensor<4x5xf32>, %g: tensor<6x5xf32>) {
  // expected-error @+1 {{rhs is 4x5, but position has 8 rows (lhs)}}
  %z = hash.grouped_outer lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<4x5xf32>) at [position, position]
      reads() outs(%g : tensor<6x5xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<6x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outer_outs(%p: !p, %x: tensor<8x6xf32>, %y: tensor<16x5xf32>, %g: tensor<4x5x6xf32>) {
  // expected-error @+1 {{out 0 is 4x5x6, not 4x6x5, a matrix for each expert (outs)}}
  %z = hash.grouped_outer plan(%p : !p) lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<16x5xf32>) at [token, slot]
      reads() outs(%g : tensor<4x5x6xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<4x5x6xf32>
  return
}

// -----

func.func @outer_dense(%x: tensor<8x6xf32>, %y: tensor<8x5xf32>, %g: tensor<6x6xf32>) {
  // expected-error @+1 {{out 0 is 6x6, not 6x5 (outs)}}
  %z = hash.grouped_outer lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<8x5xf32>) at [token, token]
      reads() outs(%g : tensor<6x6xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<6x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outer_panels(%p: !p, %x: tensor<8x6xf32>, %y: tensor<16x5xf32>, %g: tensor<4x2x5x4xf32>) {
  // expected-error @+1 {{out 0 is 4x2x5x4, not 4x2x6x4, a matrix for each expert (outs)}}
  %z = hash.grouped_outer plan(%p : !p) lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<16x5xf32>) at [token, slot]
      reads() outs(%g : tensor<4x2x5x4xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<4x2x5x4xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outer_reads(%p: !p, %x: tensor<8x6xf32>, %y: tensor<16x5xf32>, %b: tensor<6x5xf32>, %g: tensor<4x6x5xf32>) {
  // expected-error @+1 {{read 0 is 6x5, not 4x6x5, a matrix for each expert (outs)}}
  %z = hash.grouped_outer plan(%p : !p) lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<16x5xf32>) at [token, slot]
      reads(%b : tensor<6x5xf32>) outs(%g : tensor<4x6x5xf32>) {
  ^bb0(%s0: f32, %r0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<4x6x5xf32>
  return
}

// -----

func.func @outer_skip_empty(%x: tensor<8x6xf32>, %y: tensor<8x5xf32>, %g: tensor<6x5xf32>) {
  // expected-error @+1 {{skips experts without rows, but has no plan (skip_empty)}}
  %z = hash.grouped_outer lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<8x5xf32>) at [token, slot] skip_empty
      reads() outs(%g : tensor<6x5xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<6x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outer_spaces(%p: !p, %x: tensor<8x6xf32>, %y: tensor<16x5xf32>, %g: tensor<4x6x5xf32>) {
  // expected-error @+1 {{has 1 row spaces for 2 sides (spaces)}}
  %z = hash.grouped_outer plan(%p : !p) lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<16x5xf32>) at [token]
      reads() outs(%g : tensor<4x6x5xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<4x6x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outer_body(%p: !p, %x: tensor<8x6xf32>, %y: tensor<16x5xf32>, %g: tensor<4x6x5xf32>) {
  // expected-error @+1 {{has a body of ('f32'), but its sums, reads and inits are ('f32', 'f32') (body)}}
  %z = hash.grouped_outer plan(%p : !p) lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<16x5xf32>) at [token, slot]
      reads() outs(%g : tensor<4x6x5xf32>) {
  ^bb0(%s0: f32):
    hash.yield %s0 : f32
  } -> tensor<4x6x5xf32>
  return
}

// -----

func.func @outer_form(%p: memref<37xi32>, %x: memref<8x6xf32>, %y: memref<16x5xf32>, %g: memref<4x6x5xf32>) {
  // expected-error @+1 {{has the buffer of a plan, but no plan_shape that tells its extent (form)}}
  hash.grouped_outer plan(%p : memref<37xi32>) lhs(%x : memref<8x6xf32>) rhs(%y : memref<16x5xf32>) at [token, slot]
      reads() outs(%g : memref<4x6x5xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  }
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @outer_results(%p: !p, %x: tensor<8x6xf32>, %y: tensor<16x5xf32>, %g: tensor<4x6x5xf32>) {
  // expected-error @+1 {{has not one result of its type for each out (results)}}
  hash.grouped_outer plan(%p : !p) lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<16x5xf32>) at [token, slot]
      reads() outs(%g : tensor<4x6x5xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  }
  return
}

// -----

func.func @map_no_out(%x: tensor<8x6xf32>) {
  // expected-error @+1 {{has no out (outs)}}
  "hash.map"(%x) <{operandSegmentSizes = array<i32: 0, 1, 0>, reads_at = array<i32: 0>, outs_at = array<i32>}> ({
  ^bb0(%r0: f32):
    hash.yield
  }) : (tensor<8x6xf32>) -> ()
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @map_outs(%p: !p, %x: tensor<8x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{out 0 is 8x5, but position has 16 rows of 5 features (outs)}}
  %y = hash.map plan(%p : !p) reads(%x : tensor<8x5xf32>) at [token] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @map_outs_token(%p: !p, %x: tensor<8x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{out 0 is in space token, where rows would write over each other (outs)}}
  %y = hash.map plan(%p : !p) reads(%x : tensor<8x5xf32>) at [token] outs(%e : tensor<8x5xf32>) at [token] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @map_outs_group(%p: !p, %x: tensor<8x5xf32>, %e: tensor<4x5xf32>) {
  // expected-error @+1 {{out 0 is in space group, where rows would write over each other (outs)}}
  %y = hash.map plan(%p : !p) reads(%x : tensor<8x5xf32>) at [token] outs(%e : tensor<4x5xf32>) at [group] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<4x5xf32>
  return
}

// -----

// Columns are read once for all rows, so rows have to have a place.
func.func @map_outs_all(%x: tensor<5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{out 0 is in space all, where rows would write over each other (outs)}}
  %y = hash.map reads(%x : tensor<5xf32>) at [all] outs(%e : tensor<8x5xf32>) at [all] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

func.func @map_outs_shapes(%x: tensor<8x5xf32>, %e: tensor<8x5xf32>, %g: tensor<8x6xf32>) {
  // expected-error @+1 {{out 1 is 8x6, but position has 8 rows of 5 features (outs)}}
  %y:2 = hash.map reads(%x : tensor<8x5xf32>) at [token] outs(%e, %g : tensor<8x5xf32>, tensor<8x6xf32>) at [position, position] {
  ^bb0(%r0: f32, %i0: f32, %i1: f32):
    hash.yield %r0, %r0 : f32, f32
  } -> tensor<8x5xf32>, tensor<8x6xf32>
  return
}

// -----

func.func @map_outs_rank(%x: tensor<5xf32>, %e: tensor<2x4x5xf32>) {
  // expected-error @+1 {{out 0 is 2x4x5, but position has 2 rows of 5 features (outs)}}
  %y = hash.map reads(%x : tensor<5xf32>) at [all] outs(%e : tensor<2x4x5xf32>) at [position] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<2x4x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @map_reads(%p: !p, %x: tensor<16x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{read 0 is 16x5, but token has 8 rows of 5 features (reads)}}
  %y = hash.map plan(%p : !p) reads(%x : tensor<16x5xf32>) at [token] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @map_reads_columns(%p: !p, %x: tensor<8x6xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{read 0 is 8x6, but token has 8 rows of 5 features (reads)}}
  %y = hash.map plan(%p : !p) reads(%x : tensor<8x6xf32>) at [token] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<16x5xf32>
  return
}

// -----

func.func @map_reads_dense(%x: tensor<4x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{read 0 is 4x5, but position has 8 rows of 5 features (reads)}}
  %y = hash.map reads(%x : tensor<4x5xf32>) at [position] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

// With a column beside it, space `all` is a row of columns.
func.func @map_reads_all(%x: tensor<5xf32>, %z: tensor<8x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{read 1 is 8x5, but all has 8 rows of 5 features (reads)}}
  %y = hash.map reads(%x, %z : tensor<5xf32>, tensor<8x5xf32>) at [all, all] outs(%e : tensor<8x5xf32>) at [position] {
  ^bb0(%r0: f32, %r1: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

func.func @map_zero_dead(%x: tensor<8x5xf32>, %e: tensor<8x5xf32>) {
  // expected-error @+1 {{clears rows without an expert, but has no plan (zero_dead)}}
  %y = hash.map reads(%x : tensor<8x5xf32>) at [token] outs(%e : tensor<8x5xf32>) at [position] zero_dead {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<8x5xf32>
  return
}

// -----

// Integers are computed with as they are.
func.func @map_body(%x: tensor<8xi32>, %e: tensor<8xi64>) {
  // expected-error @+1 {{has a body of ('f32', 'f32'), but its sums, reads and inits are ('i32', 'i64') (body)}}
  %y = hash.map reads(%x : tensor<8xi32>) at [all] outs(%e : tensor<8xi64>) at [all] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<8xi64>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @map_form(%p: !p, %x: tensor<8x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has a plan_shape without the buffer of a plan (form)}}
  %y = hash.map plan(%p : !p) reads(%x : tensor<8x5xf32>) at [token] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } {plan_shape = !p} -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @map_results(%p: !p, %x: tensor<8x5xf32>, %e: tensor<16x5xf32>) {
  // expected-error @+1 {{has not one result of its type for each out (results)}}
  hash.map plan(%p : !p) reads(%x : tensor<8x5xf32>) at [token] outs(%e : tensor<16x5xf32>) at [slot] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  }
  return
}

// -----

func.func @map_regions(%x: tensor<8x5xf32>) {
  // expected-error @+1 {{region #0 ('body') failed to verify constraint: region with 1 blocks}}
  %0 = "hash.map"(%x) <{operandSegmentSizes = array<i32: 0, 0, 1>, reads_at = array<i32>, outs_at = array<i32: 0>}> ({
  }) : (tensor<8x5xf32>) -> tensor<8x5xf32>
  return
}
