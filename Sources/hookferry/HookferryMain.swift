// The operator's program; everything is in OperatorCLI.
import ArgumentParser
import OperatorCLI

@main
enum HookferryMain {
  static func main() async { await Hookferry.main() }
}
