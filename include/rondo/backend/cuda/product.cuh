// Matrix products by cuBLASLt, which is opened when the first product is asked for: programs start where it is not installed.
//
// What a product is comes from a pure function (kernel/product.hpp). Its algorithm is the first of the library's heuristic, chosen once
// for a shape and the alignment of its operands, and kept: the same bits from run to run. Partial sums are joined in float32 in a workspace
// of the queue's own, never in place; the workspace is never handed to two streams.
#pragma once

#include <cublasLt.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <string>

#include <rondo/backend/cuda/queue.cuh>

namespace rondo::cuda {

// The functions of the library.
struct ProductLibrary {
  decltype(&cublasLtCreate) create;
  decltype(&cublasLtDestroy) destroy;
  decltype(&cublasLtMatmulDescInit_internal) describe;
  decltype(&cublasLtMatmulDescSetAttribute) set_description;
  decltype(&cublasLtMatrixLayoutInit_internal) lay_out;
  decltype(&cublasLtMatmulPreferenceInit_internal) prefer;
  decltype(&cublasLtMatmulPreferenceSetAttribute) set_preference;
  decltype(&cublasLtMatmulAlgoGetHeuristic) choose;
  decltype(&cublasLtMatmul) multiply;

  static const ProductLibrary& opened() {
    static const ProductLibrary library;
    return library;
  }

 private:
  static void* open() {
    const std::string name = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);
    std::string looked = "the system's libraries and LD_LIBRARY_PATH";
    if (void* library = dlopen(name.c_str(), RTLD_NOW)) return library;
    std::vector<std::string> folders;
    for (const char* variable : {"CUDA_HOME", "CUDA_PATH"})
      if (const char* folder = std::getenv(variable)) folders.push_back(std::string(folder) + "/lib64");
    folders.push_back("/usr/local/cuda/lib64");
    for (const std::string& folder : folders) {
      if (void* library = dlopen((folder + "/" + name).c_str(), RTLD_NOW)) return library;
      looked += ", " + folder;
    }
    throw error("cuda: matrix products need cuBLASLt: ", name, " is in none of ", looked);
  }
  ProductLibrary() {
    void* const library = open();
    find(library, create, "cublasLtCreate");
    find(library, destroy, "cublasLtDestroy");
    find(library, describe, "cublasLtMatmulDescInit_internal");
    find(library, set_description, "cublasLtMatmulDescSetAttribute");
    find(library, lay_out, "cublasLtMatrixLayoutInit_internal");
    find(library, prefer, "cublasLtMatmulPreferenceInit_internal");
    find(library, set_preference, "cublasLtMatmulPreferenceSetAttribute");
    find(library, choose, "cublasLtMatmulAlgoGetHeuristic");
    find(library, multiply, "cublasLtMatmul");
  }
  template <class Function>
  static void find(void* library, Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    require(function != nullptr, "cuda: this cuBLASLt has no ", name);
  }
};

inline void check_product(cublasStatus_t status, const kernel::Product& p) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw error("cuda: a product of ", p.m, " x ", p.k, " and ", p.k, " x ", p.n, ": cuBLASLt's status ", static_cast<int>(status),
              status == CUBLAS_STATUS_ARCH_MISMATCH || status == CUBLAS_STATUS_NOT_SUPPORTED ? " (not supported on this device)" : "");
}

// The largest power of two up to 256 that divides an address.
inline std::uint32_t alignment_of(const void* address) {
  const auto bits = reinterpret_cast<std::uintptr_t>(address) | 256;
  return static_cast<std::uint32_t>(bits & (~bits + 1));
}

// What the library is told of a product.
struct ProductDescription {
  cublasLtMatmulDescOpaque_t product;
  cublasLtMatrixLayoutOpaque_t a, b, c;

  ProductDescription(const ProductLibrary& library, const kernel::Product& p, const Operands& operands) {
    check_product(library.describe(&product, sizeof product, CUBLAS_COMPUTE_32F, CUDA_R_32F), p);
    transpose(library, p, CUBLASLT_MATMUL_DESC_TRANSA, p.a_transposed);
    transpose(library, p, CUBLASLT_MATMUL_DESC_TRANSB, p.b_transposed);
    lay_out(library, p, a, operands.of_a, p.a_transposed, p.m, p.k, p.a_stride);
    lay_out(library, p, b, operands.of_b, p.b_transposed, p.k, p.n, p.b_stride);
    lay_out(library, p, c, operands.of_c, false, p.m, p.n, p.c_stride);
  }

 private:
  void transpose(const ProductLibrary& library, const kernel::Product& p, cublasLtMatmulDescAttributes_t which, bool transposed) {
    const std::int32_t operation = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    check_product(library.set_description(&product, which, &operation, sizeof operation), p);
  }
  // As it lies in memory: op(matrix) is rows x columns.
  static void lay_out(const ProductLibrary& library, const kernel::Product& p, cublasLtMatrixLayoutOpaque_t& layout, Numbers numbers,
                      bool transposed, Index rows, Index columns, Index stride) {
    if (transposed) std::swap(rows, columns);
    stride = std::max(stride, rows);  // of one column none is said
    check_product(library.lay_out(&layout, sizeof layout, numbers == Numbers::bf16 ? CUDA_R_16BF : CUDA_R_32F,
                                  static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(columns), stride),
                  p);
  }
};

class Products {
 public:
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;

  Products() { require(library_.create(&handle_) == CUBLAS_STATUS_SUCCESS, "cuda: cuBLASLt cannot be started"); }
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;
  ~Products() { library_.destroy(handle_); }

  void multiply(Queue& queue, const kernel::Product& p, const Operands& operands) {
    const std::array<std::uint32_t, 3> alignments{alignment_of(operands.a), alignment_of(operands.b), alignment_of(operands.c)};
    const Key key{p.m, p.n, p.k, p.a_transposed, p.b_transposed, p.a_stride, p.b_stride, p.c_stride, p.beta != 0,
                  alignments[0], alignments[1], alignments[2],
                  static_cast<Index>(operands.of_a), static_cast<Index>(operands.of_b), static_cast<Index>(operands.of_c)};
    const Plan& plan = plans_.try_emplace(key, library_, handle_, p, operands, alignments).first->second;
    const float one = 1;
    check_product(library_.multiply(handle_, const_cast<cublasLtMatmulDesc_t>(&plan.description.product), &one, operands.a,
                                    layout(plan.description.a), operands.b, layout(plan.description.b), &p.beta, operands.c,
                                    layout(plan.description.c), operands.c, layout(plan.description.c), &plan.algorithm,
                                    queue.workspace.of(workspace_bytes), workspace_bytes, queue.stream),
                  p);
  }

 private:
  using Key = std::array<Index, 15>;
  struct Plan {  // made where it stays: descriptions are not to be moved
    ProductDescription description;
    cublasLtMatmulAlgo_t algorithm;

    Plan(const ProductLibrary& library, cublasLtHandle_t handle, const kernel::Product& p, const Operands& operands,
         const std::array<std::uint32_t, 3>& alignments)
        : description(library, p, operands) {
      cublasLtMatmulPreferenceOpaque_t preference;
      check_product(library.prefer(&preference, sizeof preference), p);
      const auto set = [&](cublasLtMatmulPreferenceAttributes_t which, const auto& value) {
        check_product(library.set_preference(&preference, which, &value, sizeof value), p);
      };
      set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{workspace_bytes});
      set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
      set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignments[0]);
      set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignments[1]);
      set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignments[2]);
      set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignments[2]);
      cublasLtMatmulHeuristicResult_t result{};
      int found = 0;
      check_product(library.choose(handle, &description.product, &description.a, &description.b, &description.c, &description.c,
                                   &preference, 1, &result, &found),
                    p);
      check_product(found > 0 ? result.state : CUBLAS_STATUS_NOT_SUPPORTED, p);
      algorithm = result.algo;
    }
  };
  static cublasLtMatrixLayout_t layout(const cublasLtMatrixLayoutOpaque_t& layout) {
    return const_cast<cublasLtMatrixLayout_t>(&layout);  // the library only reads it
  }
  const ProductLibrary& library_ = ProductLibrary::opened();
  cublasLtHandle_t handle_ = nullptr;
  std::map<Key, Plan> plans_;
};

RONDO_CUDA_ONCE void multiply(Queue& queue, const kernel::Product& product, const Operands& operands) {
  if (product.m == 0 || product.n == 0) return;
  if (product.k == 0) {  // nothing to add up
    const std::size_t width = operands.of_c == Numbers::bf16 ? 2 : 4;
    if (product.beta == 0)
      check(cudaMemset2DAsync(operands.c, static_cast<std::size_t>(product.c_stride) * width, 0,
                              static_cast<std::size_t>(product.m) * width, static_cast<std::size_t>(product.n), queue.stream),
            "a product");
    return;
  }
  if (!queue.products) queue.products = new Products;
  static_cast<Products*>(queue.products)->multiply(queue, product, operands);
}
RONDO_CUDA_ONCE void close_products(void* products) noexcept { delete static_cast<Products*>(products); }

}  // namespace rondo::cuda
