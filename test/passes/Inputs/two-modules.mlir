module @a {
  func.func @f(%x: memref<8x4xf32>, %y: memref<8x4xf32>) {
    hash.map reads(%x : memref<8x4xf32>) at [position] outs(%y : memref<8x4xf32>) at [position] {
    ^bb0(%v: f32, %i: f32):
      hash.yield %v : f32
    }
    return
  }
}
module @b {
  func.func @f(%x: memref<8x4xf32>, %y: memref<8x4xf32>) {
    hash.map reads(%x : memref<8x4xf32>) at [position] outs(%y : memref<8x4xf32>) at [position] {
    ^bb0(%v: f32, %i: f32):
      hash.yield %v : f32
    }
    return
  }
}
