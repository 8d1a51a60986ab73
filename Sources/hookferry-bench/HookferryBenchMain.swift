// Measurements of single parts; everything is in Benchmarking.
import ArgumentParser
import Benchmarking

@main
enum HookferryBenchMain {
  static func main() async { await BenchmarkCommand.main() }
}
