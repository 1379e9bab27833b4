!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func private @plan_batch()
func.func @eval_step(%x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}, %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>})
    -> (tensor<8x4xf32> {hash.arg = #hash.arg<losses>}) {
  %p = hash.plan %tokens masked %tokens : (tensor<8xi32>, tensor<8xi32>) -> !p
  %a = hash.dispatch %x by %p : (tensor<8x4xf32>, !p) -> tensor<8x4xf32>
  return %a : tensor<8x4xf32>
}
