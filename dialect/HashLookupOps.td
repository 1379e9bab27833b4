//===- HashLookupOps.td - Rows of large tables, by key -*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_LOOKUP_OPS_TD
#define HASH_LOOKUP_OPS_TD

include "HashBase.td"

// A batch reads few rows of a large table, and nothing here costs as much as
// the table is long. The gradient of a table is the rows that were read: `grad`,
// a matrix with room for as many as a step can read, and `keys`, which says
// whose they are. `keys[0]` holds key + 1 of every row read, ascending, then
// zeros; `keys[1]` which row of `grad` it is. Rows of `grad` that are nobody's
// are zero, so zeroed memory is the gradient of a step that read nothing.

def Hash_LookupOp : Hash_ComputeOp<"lookup", [
    Hash_Constraint<"heads", "there are as many `keys` as `tables`, and one at least",
      "!getKeys().empty() && getKeys().size() == getTables().size()">,
    Hash_Constraint<"rows", "`keys` and `result` have as many rows",
      "::llvm::all_of(getKeys(), [&](::mlir::Value keys) { return getRows(keys) == getRows(getResult()); })">,
    Hash_Constraint<"features", "`result` has the features of all `tables`",
      "countFeatures(getTables()) == getFeatures(getResult())">,
    Hash_Constraint<"precision", "`tables` are of the type that `result` computes in",
      "::llvm::all_of(getTables(), [&](::mlir::Value table) { return getElement(table) == getCompute(getResult()); })">],
    [SameVariadicOperandSize, Hash_RowWise, Hash_RowGradient]> {
  let summary = "rows of large tables, by key, side by side";
  let description = [{
    `result[r] = [tables[0][keys[0][r]], tables[1][keys[1][r]], ...]`: a hash
    head for each table, concatenated (hashed n-grams as in Engram, Cheng et al.
    2026). A key of -1 gives zeros; any other key outside its table stops the
    program with the key and the table's size. Unlike `hash.embedding`, its
    gradient is made of the rows that were read.

    ```mlir
    %m = hash.lookup %k0, %k1 in %t0, %t1
        : (tensor<4096xi32>, tensor<4096xi32>, tensor<1000003x32xf32>, tensor<1000033x32xf32>) -> tensor<4096x64xf32>
    ```
  }] # Constraints;
  let arguments = (ins Variadic<Hash_Stream32>:$keys, Variadic<Hash_Matrix>:$tables);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$keys `in` $tables attr-dict `:` functional-type(operands, results)";
}

def Hash_SegmentsOp : Hash_StreamOp<"segments", [
    Hash_SameType<["keys", "unique", "order"]>,
    Hash_Constraint<"offsets", "`offsets` has one element more than `keys`",
      "getRows($offsets) == getRows($keys) + 1">]> {
  let summary = "sorts keys, and says where each begins";
  let description = [{
    `unique` are the different keys in ascending order, then -1. The rows of
    key number s are `order[offsets[s]] .. order[offsets[s + 1] - 1]`,
    ascending; past the keys, segments are empty. Rows whose key is negative are
    in no segment and come last in `order`. None of it is as long as the table.

    ```mlir
    %u, %o, %r = hash.segments %keys : (tensor<4096xi32>) -> (tensor<4096xi32>, tensor<4097xi32>, tensor<4096xi32>)
    ```
  }] # Constraints;
  let arguments = (ins Hash_Stream32:$keys);
  let results = (outs Hash_Stream32:$unique, Hash_Stream32:$offsets, Hash_Stream32:$order);
  let assemblyFormat = "$keys attr-dict `:` functional-type(operands, results)";
}

def Hash_MergeKeysOp : Hash_ComputeOp<"merge_keys", [
    Hash_SameType<["keys", "new_keys"]>,
    Hash_SameType<["unique", "slots"]>,
    Hash_Constraint<"room", "`keys` are two rows: whose a gradient is, and where",
      "getRows($keys) == 2">], [Hash_Tied]> {
  let summary = "finds a row of a table's gradient for each of a batch's keys";
  let description = [{
    `slots[s]` is the row of the gradient that belongs to key `unique[s]`: the
    one it has already, or the next free one. `new_keys` is an update of `keys`
    in place and knows the new ones too. More keys than there is room for stop
    the program.

    ```mlir
    %k1, %s = hash.merge_keys %k0, %u : (tensor<2x4096xi32>, tensor<4096xi32>) -> (tensor<2x4096xi32>, tensor<4096xi32>)
    ```
  }] # Constraints;
  let arguments = (ins Hash_RowKeys:$keys, Hash_Stream32:$unique);
  let results = (outs Hash_RowKeys:$new_keys, Hash_Stream32:$slots);
  let assemblyFormat = "$keys `,` $unique attr-dict `:` functional-type(operands, results)";
}

def Hash_LookupGradOp : Hash_ComputeOp<"lookup_grad", [
    Hash_SameRows<["order", "slots", "dresult"]>,
    Hash_Constraint<"offsets", "`offsets` has one element more than `order`",
      "getRows($offsets) == getRows($order) + 1">,
    Hash_Constraint<"column", "`dresult` has as many features from `column` on as `grad`",
      "int64_t(getColumn()) <= getFeatures($dresult) - getFeatures($grad)">,
    Hash_SameType<["grad", "new_grad"]>,
    Hash_WideAs<"dresult", ["grad"]>], [Hash_Tied]> {
  let summary = "adds the gradient of one table of a hash.lookup";
  let description = [{
    `grad[slots[s]] += sum of dresult[order[i]]` over segment s of
    `hash.segments`, in ascending i: rows of one key are summed in their order
    before anything is done with them. The table's features are those of
    `dresult` from `column` on. An update of `grad` in place.

    ```mlir
    %g1 = hash.lookup_grad %o, %r, %s, %dm into %g0 {column = 32 : i64}
        : (tensor<4097xi32>, tensor<4096xi32>, tensor<4096xi32>, tensor<4096x64xf32>, tensor<4096x32xf32>) -> tensor<4096x32xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Stream32:$offsets, Hash_Stream32:$order, Hash_Stream32:$slots,
                       Hash_Matrix:$dresult, Hash_Matrix:$grad,
                       DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$column);
  let results = (outs Hash_Matrix:$new_grad);
  let assemblyFormat = "$offsets `,` $order `,` $slots `,` $dresult `into` $grad attr-dict `:` functional-type(operands, results)";
}

def Hash_RowwiseAdagradOp : Hash_ComputeOp<"rowwise_adagrad", [
    Hash_SameType<["param", "new_param"]>,
    Hash_SameType<["grad", "new_grad"]>,
    Hash_SameType<["keys", "new_keys"]>,
    Hash_SameType<["sums", "new_sums"]>,
    Hash_SameFeatures<["param", "grad"]>,
    Hash_SameElement<["param", "grad", "sums"]>,
    Hash_Constraint<"sums", "`sums` has a number for each row of `param`",
      "getCount($sums) == getRows($param)">,
    Hash_Constraint<"room", "`keys` are two rows, with an element for each row of `grad`",
      "getRows($keys) == 2 && getFeatures($keys) == getRows($grad)">], [Hash_Tied]> {
  let summary = "one step of row-wise AdaGrad, of the rows that were read";
  let description = [{
    With `hyper` and `c` as in `hash.adamw`, for each row k that `keys` names,
    g being its row of `grad` and n the number of its features:
    `g *= c; sums[k] += (g[0]^2 + ... + g[n-1]^2) / n;
    param[k] -= lr lr_scale g / (sqrt(sums[k]) + eps)`
    (AdaGrad, Duchi et al. 2011, with one accumulator a row; Gupta et al. 2014,
    section 2.1). There is no momentum and no weight decay: a row that
    was not read keeps its bits. All results are updates in place; `grad` and
    `keys` become zero, ready to accumulate the next step's.

    ```mlir
    %p1, %g1, %k1, %s1 = hash.rowwise_adagrad %p0, %g0, %k0, %s0, %hyper, %norm {lr_scale = 5.0 : f64, eps = 1.0e-8 : f64}
        : (tensor<1000003x32xf32>, tensor<4096x32xf32>, tensor<2x4096xi32>, tensor<1000003xf32>, tensor<4xf64>, tensor<1xf64>)
        -> (tensor<1000003x32xf32>, tensor<4096x32xf32>, tensor<2x4096xi32>, tensor<1000003xf32>)
    ```
  }] # Constraints;
  let arguments = (ins Hash_WideMatrix:$param, Hash_WideMatrix:$grad, Hash_RowKeys:$keys,
                       Hash_WideVector:$sums, Hash_Numbers<F64, 4>:$hyper,
                       Hash_Numbers<F64, 1>:$norm, Hash_NotNegative:$lr_scale,
                       Hash_NotNegative:$eps);
  let results = (outs Hash_WideMatrix:$new_param, Hash_WideMatrix:$new_grad,
                      Hash_RowKeys:$new_keys, Hash_WideVector:$new_sums);
  let assemblyFormat = [{
    $param `,` $grad `,` $keys `,` $sums `,` $hyper `,` $norm attr-dict `:` functional-type(operands, results)
  }];
}

#endif // HASH_LOOKUP_OPS_TD
