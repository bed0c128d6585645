import ArgumentParser
import OrchProtocol
import Presentation

struct PoolList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the pools and how many tasks each has.",
        discussion: """
            Examples:
              orchctl pool list
              orchctl pool list --json | jq -r '.pools[].name'
            """)

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.poolList, as: OrchProtocol.PoolList.self) {
            PoolTable.make($0.pools).text(style: Terminal.style, width: Terminal.width)
        }
    }
}
