//===- Structured.cpp - A reference for kernels of structured ops ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Structured.h"

#include "dialect/Hash.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace hashc::test {

Buffer::Buffer(MemRefType type)
    : element(type.getElementType()), shape(type.getShape()),
      bytes(type.getNumElements() *
            llvm::divideCeil(type.getElementTypeBitWidth(), 8)) {}

int64_t Buffer::size() const {
  int64_t size = 1;
  for (int64_t extent : shape)
    size *= extent;
  return size;
}

template <typename T> static T loadAs(const Buffer &buffer, int64_t i) {
  T value;
  std::memcpy(&value, &buffer.bytes.at(i * sizeof(T)), sizeof(T));
  return value;
}

template <typename T> static void storeAs(Buffer &buffer, int64_t i, T value) {
  std::memcpy(&buffer.bytes.at(i * sizeof(T)), &value, sizeof(T));
}

double Buffer::getFloat(int64_t i) const {
  if (element.isF64())
    return loadAs<double>(*this, i);
  if (element.isF32())
    return loadAs<float>(*this, i);
  uint32_t bits = loadAs<uint16_t>(*this, i) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

void Buffer::setFloat(int64_t i, double value) {
  if (element.isF64())
    return storeAs<double>(*this, i, value);
  if (element.isF32())
    return storeAs<float>(*this, i, value);
  llvm::APFloat narrow(static_cast<float>(value));
  bool lost;
  narrow.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven,
                 &lost);
  storeAs<uint16_t>(*this, i, narrow.bitcastToAPInt().getZExtValue());
}

int64_t Buffer::getInt(int64_t i) const {
  if (element.isInteger(64))
    return loadAs<int64_t>(*this, i);
  if (element.isInteger(32))
    return loadAs<int32_t>(*this, i);
  return loadAs<uint8_t>(*this, i);
}

void Buffer::setInt(int64_t i, int64_t value) {
  if (element.isInteger(64))
    return storeAs<int64_t>(*this, i, value);
  if (element.isInteger(32))
    return storeAs<int32_t>(*this, i, value);
  storeAs<uint8_t>(*this, i, value & 1);
}

namespace {
/// A number of a body; which member counts follows from its MLIR type.
struct Scalar {
  double f = 0;
  int64_t i = 0;
};

double roundTo(Type type, double value) {
  return type.isF64() ? value : static_cast<float>(value);
}

class Interpreter {
public:
  Interpreter(Operation *op, std::vector<Buffer> &buffers)
      : op(op), buffers(buffers) {}

  void run() {
    TypeSwitch<Operation *>(op)
        .Case([&](hash::GroupedGemmOp gemm) { runGemm(gemm); })
        .Case([&](hash::GroupedOuterOp outer) { runOuter(outer); })
        .Case([&](hash::MapOp map) { runMap(map); });
  }

private:
  struct Row {
    int64_t position, slot, token, group;
  };

  Buffer &get(Value value) {
    // Argument 0 of a kernel is the task.
    return buffers.at(cast<BlockArgument>(value).getArgNumber() - 1);
  }

  /// Every position of the plan, or every row; groups of dead rows are -1.
  std::vector<Row> getRows(Value planBuffer, hash::PlanType plan,
                           int64_t count) {
    std::vector<Row> rows;
    if (!plan) {
      for (int64_t i = 0; i < count; ++i)
        rows.push_back({i, i, i, 0});
      return rows;
    }
    Buffer &words = get(planBuffer);
    int64_t group = 0;
    for (int64_t position = 0; position < plan.getSlots(); ++position) {
      while (group < plan.getGroups() && position >= words.getInt(group + 1))
        ++group;
      int64_t slot = words.getInt(plan.getGroups() + 1 + position);
      rows.push_back({position, slot, slot / plan.getK(),
                      group == plan.getGroups() ? -1 : group});
    }
    return rows;
  }

  static int64_t pick(const Row &row, int32_t space) {
    int64_t rows[] = {row.position, row.slot, row.token, row.group, 0};
    return rows[space];
  }

  /// Where a read or a result has its element of (row, column).
  int64_t indexOf(Value value, const Row &row, int32_t space, int64_t column) {
    Buffer &buffer = get(value);
    if (buffer.size() == 1)
      return 0;
    if (space == static_cast<int32_t>(hash::RowSpace::all))
      return column;
    if (buffer.shape.size() == 1)
      return pick(row, space);
    return pick(row, space) * (buffer.size() / buffer.shape[0]) + column;
  }

  Scalar load(Value value, int64_t index) {
    Buffer &buffer = get(value);
    Scalar scalar;
    if (isa<FloatType>(buffer.element))
      scalar.f = buffer.getFloat(index);
    else
      scalar.i = buffer.getInt(index);
    return scalar;
  }

  void store(Value value, int64_t index, Scalar scalar) {
    Buffer &buffer = get(value);
    if (isa<FloatType>(buffer.element))
      buffer.setFloat(index, scalar.f);
    else
      buffer.setInt(index, scalar.i);
  }

  void evaluate(Block &body, ArrayRef<Scalar> arguments,
                llvm::function_ref<void(unsigned, Scalar)> yield) {
    llvm::DenseMap<Value, Scalar> values;
    for (auto [argument, value] :
         llvm::zip_equal(body.getArguments(), arguments))
      values[argument] = value;
    for (Operation &inner : body.without_terminator())
      values[inner.getResult(0)] = evaluateOp(inner, values);
    for (auto [i, value] : llvm::enumerate(body.getTerminator()->getOperands()))
      yield(i, values.lookup(value));
  }

  Scalar evaluateOp(Operation &inner, llvm::DenseMap<Value, Scalar> &values) {
    auto arg = [&](unsigned i) { return values.lookup(inner.getOperand(i)); };
    Type type = inner.getResult(0).getType();
    auto real = [&](double value) { return Scalar{roundTo(type, value), 0}; };
    auto integer = [](int64_t value) { return Scalar{0, value}; };
    return TypeSwitch<Operation *, Scalar>(&inner)
        .Case([&](arith::ConstantOp constant) {
          if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
            return real(number.getValueAsDouble());
          return integer(cast<IntegerAttr>(constant.getValue()).getInt());
        })
        .Case([&](arith::AddFOp) { return real(arg(0).f + arg(1).f); })
        .Case([&](arith::SubFOp) { return real(arg(0).f - arg(1).f); })
        .Case([&](arith::MulFOp) { return real(arg(0).f * arg(1).f); })
        .Case([&](arith::DivFOp) { return real(arg(0).f / arg(1).f); })
        .Case([&](arith::MaximumFOp) {
          return real(std::max(arg(0).f, arg(1).f));
        })
        .Case([&](arith::ExtFOp) { return real(arg(0).f); })
        .Case([&](arith::TruncFOp) { return real(arg(0).f); })
        .Case([&](arith::SIToFPOp) { return real(arg(0).i); })
        .Case([&](math::SqrtOp) { return real(std::sqrt(arg(0).f)); })
        .Case([&](math::ExpOp) { return real(std::exp(arg(0).f)); })
        .Case([&](math::TanhOp) { return real(std::tanh(arg(0).f)); })
        .Case([&](math::ErfOp) { return real(std::erf(arg(0).f)); })
        .Case([&](arith::AddIOp) { return integer(arg(0).i + arg(1).i); })
        .Case([&](arith::MulIOp) { return integer(arg(0).i * arg(1).i); })
        .Case([&](arith::ExtSIOp) { return arg(0); })
        .Case([&](arith::TruncIOp) { return integer((int32_t)arg(0).i); })
        .Case([&](arith::RemSIOp) { return integer(arg(0).i % arg(1).i); })
        .Case([&](arith::FloorDivSIOp) {
          return integer(
              (int64_t)std::floor((double)arg(0).i / (double)arg(1).i));
        })
        .Case([&](arith::CmpIOp compare) {
          return integer(compare.getPredicate() == arith::CmpIPredicate::slt
                             ? arg(0).i < arg(1).i
                             : arg(0).i == arg(1).i);
        })
        .Case([&](arith::SelectOp) { return arg(0).i ? arg(1) : arg(2); })
        .Default([](Operation *unknown) -> Scalar {
          llvm::report_fatal_error("the reference does not know " +
                                   unknown->getName().getStringRef());
        });
  }

  /// The body at (row, column) of everything in row spaces.
  template <typename Op>
  void runBody(Op structured, const Row &row, int64_t column,
               std::vector<Scalar> arguments) {
    for (auto [value, space] :
         llvm::zip_equal(structured.getReads(), structured.getReadsAt()))
      arguments.push_back(load(value, indexOf(value, row, space, column)));
    std::vector<int64_t> outs;
    for (auto [value, space] :
         llvm::zip_equal(structured.getInits(), structured.getOutsAt())) {
      outs.push_back(indexOf(value, row, space, column));
      arguments.push_back(load(value, outs.back()));
    }
    evaluate(structured.getBodyBlock(), arguments,
             [&](unsigned i, Scalar scalar) {
               store(structured.getInits()[i], outs[i], scalar);
             });
  }

  template <typename Op>
  void clearRow(Op structured, const Row &row, int64_t columns) {
    if (!structured.getZeroDead())
      return;
    for (auto [value, space] :
         llvm::zip_equal(structured.getInits(), structured.getOutsAt()))
      for (int64_t column = 0; column < columns; ++column)
        store(value, indexOf(value, row, space, column), Scalar());
  }

  /// The element (row, column) of a group's matrix, in panels or not.
  int64_t matrixIndex(Value value, bool grouped, int64_t group, int64_t row,
                      int64_t column, int64_t columns) {
    ArrayRef<int64_t> shape = get(value).shape;
    if (grouped)
      shape = shape.drop_front();
    if (shape.size() == 2)
      return (group * shape[0] + row) * columns + column;
    int64_t panel = shape[2];
    return ((group * shape[0] + column / panel) * shape[1] + row) * panel +
           column % panel;
  }

  double multiplyAdd(Type compute, double a, double b, double c) {
    return compute.isF64() ? std::fma(a, b, c)
                           : std::fmaf((float)a, (float)b, (float)c);
  }

  void runGemm(hash::GroupedGemmOp gemm) {
    Type compute = gemm.getComputeType();
    int64_t columns = get(gemm.getInits()[0]).shape[1];
    bool grouped = bool(gemm.getPlan());
    for (const Row &row : getRows(gemm.getPlan(), gemm.getPlanType(),
                                  get(gemm.getInits()[0]).shape[0])) {
      if (row.group < 0) {
        clearRow(gemm, row, columns);
        continue;
      }
      for (int64_t column = 0; column < columns; ++column) {
        std::vector<Scalar> sums;
        for (auto [i, into] : llvm::enumerate(gemm.getInto())) {
          if ((size_t)into >= sums.size())
            sums.resize(into + 1);
          Value lhs = gemm.getLhs()[i], rhs = gemm.getRhs()[i];
          int64_t depth = get(lhs).shape[1];
          int64_t line = pick(row, gemm.getLhsAt()[i]);
          for (int64_t k = 0; k < depth; ++k) {
            int64_t at =
                gemm.getTransposed()
                    ? matrixIndex(rhs, grouped, row.group, column, k, depth)
                    : matrixIndex(rhs, grouped, row.group, k, column, columns);
            sums[into].f =
                multiplyAdd(compute, get(lhs).getFloat(line * depth + k),
                            get(rhs).getFloat(at), sums[into].f);
          }
        }
        runBody(gemm, row, column, sums);
      }
    }
  }

  void runOuter(hash::GroupedOuterOp outer) {
    Type compute = outer.getComputeType();
    Buffer &lhs = get(outer.getLhs()), &rhs = get(outer.getRhs());
    int64_t height = lhs.shape[1], width = rhs.shape[1];
    hash::PlanType plan = outer.getPlanType();
    std::vector<std::vector<Row>> groups(plan ? plan.getGroups() : 1);
    for (const Row &row : getRows(outer.getPlan(), plan, lhs.shape[0]))
      if (row.group >= 0)
        groups[row.group].push_back(row);
    for (size_t group = 0; group < groups.size(); ++group) {
      const std::vector<Row> &rows = groups[group];
      if (rows.empty() && outer.getSkipEmpty())
        continue;
      for (int64_t k = 0; k < height; ++k)
        for (int64_t n = 0; n < width; ++n) {
          Scalar sum;
          for (const Row &row : rows)
            sum.f = multiplyAdd(
                compute, lhs.getFloat(pick(row, outer.getAt()[0]) * height + k),
                rhs.getFloat(pick(row, outer.getAt()[1]) * width + n), sum.f);
          std::vector<Scalar> arguments = {sum};
          auto index = [&](Value value) {
            return matrixIndex(value, bool(plan), group, k, n, width);
          };
          for (Value value : outer.getReads())
            arguments.push_back(load(value, index(value)));
          for (Value value : outer.getInits())
            arguments.push_back(load(value, index(value)));
          evaluate(outer.getBodyBlock(), arguments,
                   [&](unsigned i, Scalar scalar) {
                     Value value = outer.getInits()[i];
                     store(value, index(value), scalar);
                   });
        }
    }
  }

  void runMap(hash::MapOp map) {
    Buffer &out = get(map.getInits()[0]);
    bool flat = !map.getPlan();
    for (Value value : map.getReads())
      flat &= get(value).size() == out.size() || get(value).size() == 1;
    if (flat) {
      auto spaces = [](size_t count) {
        return SmallVector<int32_t>(count,
                                    static_cast<int32_t>(hash::RowSpace::all));
      };
      map.setReadsAt(spaces(map.getReads().size()));
      map.setOutsAt(spaces(map.getInits().size()));
      for (int64_t i = 0; i < out.size(); ++i)
        runBody(map, Row{0, 0, 0, 0}, i, {});
      return;
    }
    int64_t columns = out.size() / out.shape[0];
    for (const Row &row :
         getRows(map.getPlan(), map.getPlanType(), out.shape[0])) {
      if (row.group < 0) {
        clearRow(map, row, columns);
        continue;
      }
      for (int64_t column = 0; column < columns; ++column)
        runBody(map, row, column, {});
    }
  }

  Operation *op;
  std::vector<Buffer> &buffers;
};
} // namespace

void interpret(Operation *op, std::vector<Buffer> &buffers) {
  Interpreter(op, buffers).run();
}

} // namespace hashc::test
