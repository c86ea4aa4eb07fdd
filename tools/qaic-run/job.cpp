#include "tools/qaic-run/job.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "os/file.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/qaic-run/tensor_type.hpp"

namespace qaic::tools::run {

Failure failure_of(const base::Error& error) {
  return {static_cast<int>(error.kind), error.id, error.what, error.hint, std::nullopt};
}

std::chrono::milliseconds loading_allowance(const std::string& program) {
  constexpr std::uint64_t kPart = 256ULL << 20;
  const bool folder = os::file_kind(program) == os::FileKind::folder;
  const auto file = os::open_file(folder ? program + "/programqpc.bin" : program, os::OpenMode::read);
  const auto size = file ? os::file_size(file->get()) : base::Result<std::uint64_t>(0);
  return std::chrono::seconds(size.value_or(0) / kPart);
}

namespace {

std::optional<Failure> check_types(const std::vector<qaic_tensor>& tensors) {
  for (const auto& tensor : tensors) {
    if (tensor_type(tensor.type).size != 0) continue;
    return Failure{kUnsupported, "tensor-type",
                   fmt::format("'{}' has element type {}, which is not known", tensor.name, tensor.type),
                   "qaic-qpc inspect shows the program", std::nullopt};
  }
  return std::nullopt;
}

// Inputs without a file: random, zero, or missing.
std::optional<Failure> fill(Job& job, const std::vector<bool>& given, const RunOptions& options) {
  for (std::size_t i = 0; i < job.tensors.size(); ++i) {
    const auto& tensor = job.tensors[i];
    if (tensor.direction != QAIC_TENSOR_INPUT || given[i]) continue;
    if (options.seed) {
      job.inputs[i] = random_tensor(tensor, *options.seed);
    } else if (options.zero) {
      job.inputs[i].assign(tensor.byte_size, std::byte{0});
    } else {
      return Failure{kUsage, "tensor-missing",
                     fmt::format("no data for input '{}' ({})", tensor.name, tensor_text(tensor)),
                     fmt::format("-i {}=FILE, or --random, or --zero", tensor.name), std::nullopt};
    }
  }
  return std::nullopt;
}

// What every inference sends, from what is given of it.
std::optional<Failure> settle_forms(Job& job, std::vector<std::optional<InputForm>> given) {
  const std::size_t count = job.batch ? job.batch->stems.size() : 1;
  for (std::size_t n = 0; n < count; ++n) {
    if (job.batch) {
      for (const auto& [index, forms] : job.batch->forms) given[index] = forms[n];
    }
    auto forms = job.shapes.complete(given);
    if (!forms) {
      if (job.batch) forms.error().what = job.batch->stems[n] + ": " + forms.error().what;
      return failure_of(forms.error());
    }
    job.forms.push_back(std::move(*forms));
  }
  return std::nullopt;
}

// The K largest of a row of K are always the same.
std::optional<Failure> check_rows(const Job& job, const RunOptions& options) {
  if (!options.criteria.top_k) return std::nullopt;
  for (const auto& [index, bytes] : job.expected) {
    const auto& tensor = job.tensors[index];
    if (*options.criteria.top_k < row_length(tensor)) continue;
    return Failure{kUsage, "usage",
                   fmt::format("--top-k {}: a row of '{}' ({}) has only {} elements", *options.criteria.top_k,
                               tensor.name, tensor_text(tensor), row_length(tensor)),
                   "a smaller K", std::nullopt};
  }
  return std::nullopt;
}

}  // namespace

std::variant<Job, Failure> prepare_job(const RunOptions& options) {
  auto program = Program::open(options.program);
  if (!program) return Failure::from(program.error());
  auto all = program->tensors();
  Job job{std::move(*program), std::move(all), {}, {}, {}, {}, {}, {}};
  if (auto failure = check_types(job.tensors)) return *failure;
  const auto inspection = job.program.inspect();
  if (!inspection) return Failure::from(inspection.error());
  job.shapes = InputShapes(job.tensors, nlohmann::json::parse(*inspection));

  const auto inputs = match_tensors(options.inputs, job.tensors, QAIC_TENSOR_INPUT);
  const auto saves = match_saves(options.saves, job.tensors);
  const auto expected = match_tensors(options.expected, job.tensors, QAIC_TENSOR_OUTPUT);
  for (const auto* files : {&inputs, &saves, &expected}) {
    if (!*files) return failure_of(files->error());
  }
  auto batch = make_batch(*inputs, *expected, *saves, job.tensors, options.cast, job.shapes);
  if (!batch) return failure_of(batch.error());
  job.batch = std::move(*batch);
  if (job.batch && options.iterations != 1) {
    return Failure{kUsage, "batch", "a folder or list says how many inferences there are, and so does -n",
                   "leave out -n", std::nullopt};
  }
  if (!job.batch) job.saves = *saves;
  job.inputs.resize(job.tensors.size());
  std::vector<bool> given(job.tensors.size(), false);
  std::vector<std::optional<InputForm>> forms(job.tensors.size());
  for (const auto& file : *inputs) {
    given[file.tensor] = true;
    if (job.batch && job.batch->inputs.contains(file.tensor)) continue;
    auto data = read_input(file.path, job.tensors[file.tensor], options.cast, job.shapes);
    if (!data) return failure_of(data.error());
    job.inputs[file.tensor] = std::move(data->bytes);
    forms[file.tensor] = data->given;
  }
  for (const auto& file : *expected) {
    if (job.batch) {
      job.expected[file.tensor];  // read again for each inference
      continue;
    }
    auto bytes = read_tensor(file.path, job.tensors[file.tensor], options.cast);
    if (!bytes) return failure_of(bytes.error());
    job.expected[file.tensor] = std::move(*bytes);
  }
  if (auto failure = check_rows(job, options)) return *failure;
  if (auto failure = fill(job, given, options)) return *failure;
  if (auto failure = settle_forms(job, std::move(forms))) return *failure;
  return job;
}

}  // namespace qaic::tools::run
