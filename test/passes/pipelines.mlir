// The pipelines, on a model with one hash layer.
// RUN: hash-opt %S/../e2e/Inputs/tiny.mlir --pass-pipeline='builtin.module(hash-step-pipeline,hash-fusion-pipeline)' -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: hash-opt %t.mlir --pass-pipeline='builtin.module(hash-plan-memory,hash-outline-kernels,hash-verify-stage{stage=kernels})' | FileCheck %s --check-prefix=KERNELS
// RUN: sed 's/fuse = "all"/fuse = "none"/' %S/../e2e/Inputs/tiny.mlir | hash-opt --pass-pipeline='builtin.module(hash-step-pipeline,hash-fusion-pipeline)' | FileCheck %s --check-prefix=NONE
// RUN: sed 's/, causal}/}/' %S/../e2e/Inputs/tiny.mlir > %t.sees-all.mlir
// RUN: hash-opt %t.sees-all.mlir --hash-step-pipeline | FileCheck %s --check-prefix=SEES-ALL --implicit-check-not=decode_step
// RUN: hashc %t.sees-all.mlir -o %t.sees-all
// RUN: not %t.sees-all generate --ckpt none 2>&1 | FileCheck %s --check-prefix=REFUSES

// A model that looks ahead trains, and generates nothing.
// SEES-ALL: hash.not_decodable = "in {{.*}} a token attends to later tokens"
// REFUSES: error: the model 'tiny' cannot continue a text: in {{.*}} a token attends to later tokens

// CHECK: hash.stage = "fused"
// CHECK-LABEL: func.func @plan_batch
// CHECK: hash.plan

// The hash layer is two products: one gathers and ends in the activation, one
// scatters and adds the residual.
// CHECK-LABEL: func.func @eval_step
// CHECK: %[[H:[0-9]+]] = hash.grouped_gemm plan{{.*}} at [token] {{.*}} at [group]
// CHECK: math.tanh
// CHECK: hash.grouped_gemm plan{{.*}} lhs(%[[H]] : {{.*}}at [slot] {
// CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[BIAS:.*]]: f32, %[[STREAM:.*]]: f32):
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[ACC]], %[[BIAS]]
// CHECK-NEXT: arith.addf %[[STREAM]], %[[SUM]]
// CHECK: hash.layer_norm
// CHECK: return

// CHECK-LABEL: func.func @grad_step
// CHECK: hash.grouped_outer plan{{.*}} at [token, position] skip_empty

// NONE-LABEL: func.func @eval_step
// NONE: hash.map plan{{.*}} at [token]
// NONE: hash.map plan{{.*}} at [slot] zero_dead
// NONE: return

// KERNELS: func.func @grad_step
// KERNELS: hash.launch @grouped_gemm
