// What the passes that derive entry points say of a module they cannot start from.

// expected-error @+1 {{expects a function @forward, as the frontend emits it}}
module {}

// -----

// expected-error @+1 {{expects a function @forward, as the frontend emits it}}
module {
  func.func private @forward(%x: tensor<4xf32>)
}

// -----

// expected-error @+1 {{argument 0 has no role (hash.arg)}}
func.func @forward(%x: tensor<4xf32>) {
  return
}

// -----

// expected-error @+1 {{argument 0 is a 'f32', and has to be a tensor of fixed shape}}
func.func @forward(%x: f32 {hash.arg = #hash.arg<param, "x">}) {
  return
}

// -----

// expected-error @+1 {{argument 0 is a 'tensor<?xf32>', and has to be a tensor of fixed shape}}
func.func @forward(%x: tensor<?xf32> {hash.arg = #hash.arg<param, "x">}) {
  return
}

// -----

// expected-error @+1 {{there are several of param, so it needs a name (name)}}
func.func @forward(%x: tensor<4xf32> {hash.arg = #hash.arg<param>}) {
  return
}

// -----

// expected-error @+1 {{argument 0 is param, which is floats, not 'tensor<4xi32>' (role)}}
func.func @forward(%x: tensor<4xi32> {hash.arg = #hash.arg<param, "x">}) {
  return
}

// -----

// expected-error @+1 {{branches; a model is straight-line code}}
func.func @forward(%x: tensor<4xf32> {hash.arg = #hash.arg<param, "x">}) {
  llvm.br ^bb1
^bb1:
  return
}
