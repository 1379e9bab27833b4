# How lit finds and runs the tests of this folder.
import os
import shutil
import sys

import lit.formats
from lit.llvm import llvm_config

config.name = "hashc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".hash", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.hashc_obj_root, "test")
config.environment["FILECHECK_OPTS"] = "-enable-var-scope --allow-unused-prefixes=false"
if config.hashc_sanitize:
    config.available_features.add("sanitized")
if shutil.which("ptxas", path=config.environment["PATH"]):
    config.available_features.add("ptxas")
config.substitutions.append(("%examples", os.path.join(config.hashc_src_root, "examples")))
config.substitutions.append(("%src", config.hashc_src_root))
config.substitutions.append(("%llvm_include", os.path.join(config.llvm_tools_dir, "..", "include")))
config.substitutions.append(("%build", config.hashc_obj_root))
config.substitutions.append(("%unit", os.path.join(config.hashc_obj_root, "bin", "HashcUnitTests")))
config.substitutions.append(("%kernels", os.path.join(config.hashc_obj_root, "bin", "HashcKernelTests")))
for width in ["32", "64"]:
    config.substitutions.append(("%library-kernels-" + width, os.path.join(
        config.hashc_obj_root, "bin", "HashcLibraryKernelTests" + width)))
# Kernels for a GPU, from C++: LLVM IR as its code generator reads it.
config.substitutions.append(("%device-ir", os.path.join(config.llvm_tools_dir, "clang++") + " @" + os.path.join(
    config.hashc_src_root, "tools", "gpu-check", "instructions", "clang.txt") + " -march=sm_80 -S -emit-llvm"))
config.substitutions.append(("%python", sys.executable))
llvm_config.use_default_substitutions()
llvm_config.add_tool_substitutions(
    ["hash-opt", "hashc", "hash-lsp-server", "hash-run-kernel", "hash-sim", "llc", "llvm-nm", "llvm-tblgen", "split-file"],
    [os.path.join(config.hashc_obj_root, "bin"), config.llvm_tools_dir])
