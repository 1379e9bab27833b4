// RUN: hash-opt %s --verify-diagnostics --split-input-file

// Parameters, tables, plans and the attributes of modules and entry points.

// expected-error @+1 {{failed to verify that a name is not empty (name)}}
hash.param @"" : tensor<6xf32> init zeros

// -----

// expected-error @+1 {{failed to verify that xavier and orthogonal are for matrices (init)}}
hash.param @w : tensor<6xf32> init xavier

// -----

// expected-error @+1 {{failed to verify that xavier and orthogonal are for matrices (init)}}
hash.param @w : tensor<6xf32> init orthogonal(2.0)

// -----

// expected-error @+1 {{failed to verify that panels are of matrices (panel)}}
hash.param @w : tensor<6xf32> init zeros {panel = 4 : i64}

// -----

// expected-error @+1 {{failed to verify that what is looked up is a matrix without panels and without decay (lookup)}}
hash.param @w : tensor<6xf32> init zeros {lookup}

// -----

// expected-error @+1 {{failed to verify that what is looked up is a matrix without panels and without decay (lookup)}}
hash.param @w : tensor<6x6xf32> init zeros {lookup, panel = 4 : i64}

// -----

// expected-error @+1 {{failed to verify that what is looked up is a matrix without panels and without decay (lookup)}}
hash.param @w : tensor<6x6xf32> init zeros {decay, lookup}

// -----

// expected-error @+1 {{attribute 'panel' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
hash.param @w : tensor<6x6xf32> init zeros {panel = 0 : i64}

// -----

// expected-error @+1 {{attribute 'scale' failed to satisfy constraint: 64-bit float attribute whose value is at least 0}}
hash.param @w : tensor<6x6xf32> init normal(-0.02)

// -----

// Narrow floats are for activations.
// expected-error @+1 {{attribute 'type' failed to satisfy constraint: type attribute of tensor of known shape of 32-bit float or 64-bit float values}}
hash.param @w : tensor<6x6xbf16> init zeros

// -----

// expected-error @+1 {{attribute 'type' failed to satisfy constraint}}
hash.param @w : tensor<?xf32> init zeros

// -----

// expected-error @+1 {{expected string or keyword containing one of the following enum values}}
hash.param @w : tensor<6xf32> init uniform

// -----

// expected-error @+1 {{failed to verify that a name is not empty (name)}}
hash.table @"" builder "random" vocab 8 groups 4

// -----

// expected-error @+1 {{failed to verify that the builder is random, python_random, balanced, round_robin, clustered, dispersed or file (builder)}}
hash.table @t builder "hashed" vocab 8 groups 4

// -----

// expected-error @+1 {{failed to verify that a row has k different experts, of `groups` (choices)}}
hash.table @t builder "random" vocab 8 groups 4 {k = 5 : i64}

// -----

// expected-error @+1 {{failed to verify that a file is named where the builder reads one (file, clustered, dispersed), and only there (file)}}
hash.table @t builder "file" vocab 8 groups 4

// -----

// expected-error @+1 {{failed to verify that a file is named where the builder reads one (file, clustered, dispersed), and only there (file)}}
hash.table @t builder "random" vocab 8 groups 4 {file = "a"}

// -----

// expected-error @+1 {{attribute 'vocab' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
hash.table @t builder "random" vocab 0 groups 4

// -----

// expected-error @+1 {{attribute 'groups' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
hash.table @t builder "random" vocab 8 groups 0

// -----

// expected-error @+1 {{attribute 'k' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
hash.table @t builder "random" vocab 8 groups 4 {k = 0 : i64}

// -----

// expected-error @+1 {{a plan of 8 tokens and 2 choices has 1 to 16 slots, not 17}}
func.func private @f(!hash.plan<tokens = 8, k = 2, groups = 4, slots = 17>)

// -----

// expected-error @+1 {{a plan of 8 tokens and 2 choices has 1 to 16 slots, not 0}}
func.func private @f(!hash.plan<tokens = 8, k = 2, groups = 4, slots = 0>)

// -----

// expected-error @+1 {{a plan needs at least one token, choice and group}}
func.func private @f(!hash.plan<tokens = 0, k = 1, groups = 4, slots = 0>)

// -----

// expected-error @+1 {{a plan needs at least one token, choice and group}}
func.func private @f(!hash.plan<tokens = 8, k = 0, groups = 4, slots = 0>)

// -----

// expected-error @+1 {{a plan needs at least one token, choice and group}}
func.func private @f(!hash.plan<tokens = 8, k = 1, groups = -4, slots = 8>)

// -----

// expected-error @+1 {{a plan numbers its groups and slots with 32 bits}}
func.func private @f(!hash.plan<tokens = 4294967296, k = 1, groups = 4, slots = 4294967296>)

// -----

// The product overflows.
// expected-error @+1 {{a plan numbers its groups and slots with 32 bits}}
func.func private @f(!hash.plan<tokens = 4294967296, k = 4294967296, groups = 4, slots = 0>)

// -----

// expected-error @+1 {{a plan numbers its groups and slots with 32 bits}}
func.func private @f(!hash.plan<tokens = 8, k = 1, groups = 4294967296, slots = 8>)

// -----

// expected-error @+1 {{expected ','}}
func.func private @f(!hash.plan<tokens = 8, k = 1, groups = 4>)

// -----

// expected-error @+2 {{expected valid keyword}}
// expected-error @+1 {{expected a parameter name in struct}}
func.func private @f(!hash.plan<8, 1>)

// -----

// expected-error @+1 {{unknown  type `tensor` in dialect `hash`}}
func.func private @f(!hash.tensor<8>)

// -----

// expected-error @+2 {{failed to parse Hash_ArgAttr parameter 'kind'}}
// expected-error @+1 {{expected ::hashc::hash::ArgKind to be one of: param, grad, moment1, moment2, table, tokens, targets, starts, plan, scale, seed, hyper, index, cache, losses, logits, norm, arena}}
func.func private @f(tensor<6xf32> {hash.arg = #hash.arg<weight, "w">})

// -----

// expected-error @+1 {{there are several of param, so it needs a name (name)}}
func.func private @f(tensor<6xf32> {hash.arg = #hash.arg<param>})

// -----

// expected-error @+1 {{there are several of param, so it needs a name (name)}}
func.func private @f(tensor<6xf32> {hash.arg = #hash.arg<param, "">})

// -----

// expected-error @+1 {{there is one of targets, so it has no name (name)}}
func.func private @f(tensor<8xi32> {hash.arg = #hash.arg<targets, "tokens">})

// -----

// expected-error @+1 {{argument 0 has a hash.arg that is no #hash.arg (role)}}
func.func private @f(tensor<8xi32> {hash.arg = "tokens"})

// -----

// expected-error @+1 {{argument 0 is tokens, which is a stream of i32, not 'tensor<8xi64>' (role)}}
func.func private @f(tensor<8xi64> {hash.arg = #hash.arg<tokens>})

// -----

// expected-error @+1 {{argument 0 is targets, which is a stream of i32, not 'tensor<8x2xi32>' (role)}}
func.func private @f(tensor<8x2xi32> {hash.arg = #hash.arg<targets>})

// -----

// expected-error @+1 {{argument 0 is starts, which is a stream of i32, not 'tensor<8xf32>' (role)}}
func.func private @f(tensor<8xf32> {hash.arg = #hash.arg<starts>})

// -----

// expected-error @+1 {{argument 0 is index, which is one i32, not 'tensor<2xi32>' (role)}}
func.func private @f(tensor<2xi32> {hash.arg = #hash.arg<index>})

// -----

// expected-error @+1 {{argument 0 is seed, which is one i64, not 'tensor<1xi32>' (role)}}
func.func private @f(tensor<1xi32> {hash.arg = #hash.arg<seed>})

// -----

// expected-error @+1 {{argument 0 is hyper, which is four f64, not 'tensor<3xf64>' (role)}}
func.func private @f(tensor<3xf64> {hash.arg = #hash.arg<hyper>})

// -----

// expected-error @+1 {{argument 0 is norm, which is one f64, not 'tensor<1xf32>' (role)}}
func.func private @f(tensor<1xf32> {hash.arg = #hash.arg<norm>})

// -----

// expected-error @+1 {{argument 0 is scale, which is one float, not 'tensor<2xf32>' (role)}}
func.func private @f(tensor<2xf32> {hash.arg = #hash.arg<scale>})

// -----

// expected-error @+1 {{argument 0 is losses, which is floats, not 'tensor<8xi32>' (role)}}
func.func private @f(tensor<8xi32> {hash.arg = #hash.arg<losses>})

// -----

// expected-error @+1 {{argument 0 is logits, which is rows of floats, not 'tensor<8xf32>' (role)}}
func.func private @f(tensor<8xf32> {hash.arg = #hash.arg<logits>})

// -----

// expected-error @+1 {{argument 0 is cache, which is rows of floats, not 'tensor<8xf32>' (role)}}
func.func private @f(tensor<8xf32> {hash.arg = #hash.arg<cache, "k">})

// -----

// expected-error @+1 {{argument 0 is table, which is a table of i32, not 'tensor<8xbf16>' (role)}}
func.func private @f(tensor<8xbf16> {hash.arg = #hash.arg<table, "t">})

// -----

// expected-error @+1 {{argument 0 is plan, which is a plan or integers, not 'tensor<8xf32>' (role)}}
func.func private @f(tensor<8xf32> {hash.arg = #hash.arg<plan, "p">})

// -----

// expected-error @+1 {{argument 0 is arena, which is bytes, not 'memref<8xf32>' (role)}}
func.func private @f(memref<8xf32> {hash.arg = #hash.arg<arena>})

// -----

// expected-error @+1 {{argument 0 is param, which is floats, not 'tensor<8xi32>' (role)}}
func.func private @f(tensor<8xi32> {hash.arg = #hash.arg<param, "w">})

// -----

// expected-error @+1 {{argument 0 is grad, which is floats, not 'tensor<8xi32>' (role)}}
func.func private @f(tensor<8xi32> {hash.arg = #hash.arg<grad, "w">})

// -----

// expected-error @+1 {{argument 0 is moment1, which is floats, not 'tensor<8xi32>' (role)}}
func.func private @f(tensor<8xi32> {hash.arg = #hash.arg<moment1, "w">})

// -----

// expected-error @+1 {{argument 0 is moment2, which is floats, not 'memref<8xi32>' (role)}}
func.func private @f(memref<8xi32> {hash.arg = #hash.arg<moment2, "w">})

// -----

// expected-error @+1 {{result 0 is logits, which is rows of floats, not 'tensor<8xi32>' (role)}}
func.func private @f() -> (tensor<8xi32> {hash.arg = #hash.arg<logits>})

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
// expected-error @+1 {{argument 0 is tokens, which is no plan}}
func.func private @f(!p {hash.arg = #hash.arg<tokens>})

// -----

// expected-error @+1 {{'hash.train' is a dictionary of a module's (setting)}}
module attributes {hash.train = 3 : i64} {}

// -----

// expected-error @+1 {{'hash.model' is a dictionary of a module's (setting)}}
module attributes {hash.model = 3 : i64} {}

// -----

// expected-error @+1 {{'hash.target' is a dictionary of a module's (setting)}}
module attributes {hash.target = 3 : i64} {}

// -----

// expected-error @+1 {{'hash.stage' is the name of a module's stage (setting)}}
module attributes {hash.stage} {}

// -----

// expected-error @+1 {{'hash.model' is a dictionary of a module's (setting)}}
func.func private @f() attributes {hash.model = {}}
