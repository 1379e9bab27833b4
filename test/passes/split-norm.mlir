// RUN: hash-opt %s -split-input-file --hash-split-norm | FileCheck %s
// RUN: hash-opt %s -split-input-file --hash-split-norm=parts=3 | FileCheck %s --check-prefix=THREE
// RUN: sed 's/norm_parts = 8/norm_parts = 1/' %s | hash-opt -split-input-file --hash-split-norm | FileCheck %s --check-prefix=ONE
// RUN: not hash-opt %s -split-input-file --hash-split-norm=parts=-1 2>&1 | FileCheck %s --check-prefix=NEGATIVE

// NEGATIVE: error: a norm in -1 parts; give a positive number, or 0 for the target's
// ONE-NOT: part_norms

// Of 65536 elements and more each: 196608 and 65536 are four parts.
// CHECK-LABEL: func.func @large
// CHECK: %[[PARTS:.*]] = hash.part_norms %{{.*}}, %{{.*}} : (tensor<192x1024xf32>, tensor<65536xf32>) -> tensor<4xf64>
// CHECK-NEXT: hash.global_norm %[[PARTS]] : (tensor<4xf64>) -> tensor<1xf64>
// THREE-LABEL: func.func @large
// THREE: hash.part_norms {{.*}} -> tensor<3xf64>
module attributes {hash.target = {norm_parts = 8 : i64}} {
  func.func @large(%x: tensor<192x1024xf32>, %y: tensor<65536xf32>) -> tensor<1xf64> {
    %n = hash.global_norm %x, %y : (tensor<192x1024xf32>, tensor<65536xf32>) -> tensor<1xf64>
    return %n : tensor<1xf64>
  }
}

// -----

// A second part would have too few.
// CHECK-LABEL: func.func @small
// CHECK-NOT: part_norms
// THREE-LABEL: func.func @small
// THREE-NOT: part_norms
module attributes {hash.target = {norm_parts = 8 : i64}} {
  func.func @small(%x: tensor<131071xf32>) -> tensor<1xf64> {
    %n = hash.global_norm %x : (tensor<131071xf32>) -> tensor<1xf64>
    return %n : tensor<1xf64>
  }
}

// -----

// No target, no parts.
// CHECK-LABEL: func.func @plain
// THREE-LABEL: func.func @plain
// THREE: part_norms
// CHECK-NOT: part_norms
func.func @plain(%x: tensor<1048576xf32>) -> tensor<1xf64> {
  %n = hash.global_norm %x : (tensor<1048576xf32>) -> tensor<1xf64>
  return %n : tensor<1xf64>
}
