import OrchProtocol
import Testing

@testable import Agents

@Suite struct InvocationTests {
    private func agent(
        _ arguments: [AgentDefinition.Argument], prompt: AgentDefinition.PromptInput = .stdin, model: String? = nil
    ) -> AgentDefinition {
        AgentDefinition(name: "a", arguments: arguments, prompt: prompt, model: model)
    }

    private func invoke(
        _ agent: AgentDefinition, _ prompt: String, model: String? = nil, thinking: String? = nil
    ) throws -> Invocation {
        try #require(
            agent.invocation(
                AgentRequest(
                    prompt: prompt, model: agent.effectiveModel(model), thinking: thinking ?? agent.thinking,
                    promptFile: "/dev/fd/3", schemaFile: "/dev/fd/4")
            ))
    }

    @Test func promptGoesWhereTheDefinitionSays() throws {
        let argument = try invoke(agent([.single("x"), .single("--say={prompt}!")], prompt: .argument), "hi")
        #expect(argument.arguments == ["x", "--say=hi!"])
        #expect(argument.input == nil && argument.file == nil)

        let stdin = try invoke(agent([.single("x")]), "hi")
        #expect(stdin.arguments == ["x"] && stdin.input == "hi")

        let file = try invoke(agent([.single("x"), .single("{prompt_file}")], prompt: .file), "hi")
        #expect(file.arguments == ["x", "/dev/fd/3"] && file.file == "hi" && file.input == nil)
    }

    @Test(arguments: ["$(reboot)", "`id`", "; rm -rf /", "{model}", "{prompt}", "a\"b'c\\", "--model=evil", "\n", "{", "}{"])
    func promptStaysData(_ text: String) throws {
        let invocation = try invoke(
            agent([.single("x"), .single("{prompt}"), .single("{model}")], prompt: .argument, model: "m"), text)
        #expect(invocation.arguments == ["x", text, "m"])
    }

    @Test func aGroupGoesWithoutItsValue() throws {
        let definition = agent([.single("x"), .group(["-m", "{model}"]), .single("end")])
        #expect(try invoke(definition, "p").arguments == ["x", "end"])
        #expect(try invoke(definition, "p", model: "gpt").arguments == ["x", "-m", "gpt", "end"])
        #expect(
            try invoke(agent([.single("x"), .group(["-m", "{model}"])], model: "own"), "p").arguments == ["x", "-m", "own"])
    }

    @Test func unknownBracesAreText() throws {
        let definition = agent([.single("x"), .single("{\"json\": {model}}"), .single("{nothing}")], model: "m")
        #expect(try invoke(definition, "p").arguments == ["x", "{\"json\": m}", "{nothing}"])
    }

    @Test func levelsOfThinkingHaveTheProgramsNames() throws {
        var definition = agent([.single("x"), .group(["--effort", "{thinking}"])])
        #expect(try invoke(definition, "p", thinking: "any").arguments == ["x", "--effort", "any"])
        definition.thinkingNames = ["off": "", "high": "max"]
        #expect(try invoke(definition, "p", thinking: "high").arguments == ["x", "--effort", "max"])
        // A level that the program has no word for stands for leaving it out.
        #expect(try invoke(definition, "p", thinking: "off").arguments == ["x"])
        definition.thinking = "high"
        #expect(try invoke(definition, "p").arguments == ["x", "--effort", "max"])
    }

    @Test func placesAreFilledInWhereTheyAreKnown() throws {
        var definition = agent([
            .single("x"), .group(["-o", "{result_file}"]), .group(["-t", "{timeout}"]),
            .group(["-d", "{result_dir}"]),
        ])
        definition.environment = ["HOME_OF_X": "{workspace}/.x", "PLAIN": "1"]
        var request = AgentRequest(prompt: "p", promptFile: "/dev/fd/3", schemaFile: "/dev/fd/4")
        #expect(definition.invocation(request)?.arguments == ["x"])
        #expect(definition.invocation(request)?.environment == ["PLAIN": "1"])
        (request.workspace, request.resultFile, request.resultDirectory, request.timeout) = ("/w", "/w/r", "/w/d", 1_500)
        #expect(definition.invocation(request)?.arguments == ["x", "-o", "/w/r", "-t", "2", "-d", "/w/d"])
        #expect(definition.invocation(request)?.environment == ["HOME_OF_X": "/w/.x", "PLAIN": "1"])
        definition.arguments.append(.group(["--schema", "{schema}"]))
        #expect(definition.invocation(request)?.arguments.count == 7)
        request.schema = #"{"type":"object"}"#
        #expect(definition.invocation(request)?.arguments.suffix(2) == ["--schema", #"{"type":"object"}"#])
        #expect(definition.invocation(request)?.schema == nil)
        definition.arguments = [.single("x"), .group(["--output-schema", "{schema_file}"])]
        #expect(definition.invocation(request)?.arguments == ["x", "--output-schema", "/dev/fd/4"])
        #expect(definition.invocation(request)?.schema == request.schema)
        request.schema = nil
        #expect(definition.invocation(request)?.arguments == ["x"] && definition.invocation(request)?.schema == nil)
    }

    @Test func thePlacesForTheSocketOfADoorAreToldAndNothingElseIs() throws {
        let server = #"{"orchd":{"args":["--socket","{socket}","mcp"]}}"#
        let definition = agent(
            [.single("x"), .group(["--mcp-config", server, "{socket}:{prompt}:{socket}"])], prompt: .argument)
        var request = AgentRequest(prompt: "{socket}é", promptFile: "/dev/fd/3", schemaFile: "/dev/fd/4")
        #expect(definition.invocation(request)?.arguments == ["x"])
        request.hasDoor = true
        let invocation = try #require(definition.invocation(request))
        // What a prompt says is no placeholder.
        #expect(invocation.arguments == ["x", "--mcp-config", server.replacing("{socket}", with: ""), ":{socket}é:"])
        let offset = server.utf8.count - #"{socket}","mcp"]}}"#.utf8.count
        #expect(
            invocation.socketPlaces == [
                SocketPlace(argument: 2, offset: offset), SocketPlace(argument: 3, offset: 0),
                SocketPlace(argument: 3, offset: 12),
            ])
        // The path counts, wherever the door will be.
        request.prompt = String(repeating: "p", count: 131_071 - 2 - 2 * 107)
        #expect(definition.invocation(request) != nil)
        request.prompt += "p"
        #expect(definition.invocation(request) == nil)
    }

    @Test func aPromptIsNoCommandOfTheProgram() throws {
        for prompt in [AgentDefinition.PromptInput.stdin, .file, .argument] {
            var definition = agent([.single("x"), .single(prompt == .argument ? "{prompt}" : "{prompt_file}")], prompt: prompt)
            definition.commandPrefixes = ["/", "!"]
            for (text, sent) in [
                ("/help", "\n/help"), ("!ls", "\n!ls"), (" /help", " /help"), ("a/b", "a/b"), ("/etc/x: why", "\n/etc/x: why"),
            ] {
                let invocation = try invoke(definition, text)
                #expect((invocation.input ?? invocation.file ?? invocation.arguments.last) == sent)
            }
        }
        var longest = agent([.single("x"), .single("{prompt}")], prompt: .argument)
        longest.commandPrefixes = ["/"]
        #expect(longest.longestPrompt(withSchemaOf: 0) == 131_070)
    }

    @Test func whatCannotBeToldIsKnown() {
        let deaf = agent([.single("x")])
        #expect(!deaf.takesModel && deaf.thinkingLevels == [])
        var told = agent([.single("x"), .group(["-m", "{model}"])])
        told.environment = ["LEVEL": "{thinking}"]
        #expect(told.takesModel && told.thinkingLevels == nil)
    }

    @Test func anArgumentIsNoLongerThanLinuxTakes() {
        let definition = agent([.single("x"), .single("{prompt}")], prompt: .argument)
        func fits(_ count: Int) -> Bool {
            let prompt = String(repeating: "x", count: count)
            return definition.invocation(AgentRequest(prompt: prompt, promptFile: "/f", schemaFile: "/dev/fd/4")) != nil
        }
        #expect(fits(131_071) && !fits(131_072))
        #expect(definition.longestPrompt(withSchemaOf: 9_000) == 131_071)
        #expect(agent([.single("x")]).longestPrompt(withSchemaOf: 9_000) == nil)
        let beside = agent([.single("x"), .single("--p={prompt} in {workspace}")], prompt: .argument)
        #expect(beside.longestPrompt(withSchemaOf: 9_000) == 131_071 - "--p= in {workspace}".utf8.count - 4_096)
        var twice = agent([.single("x"), .single("{prompt}{schema}{prompt}")], prompt: .argument)
        #expect(twice.longestPrompt(withSchemaOf: 9_000) == (131_071 - "{schema}".utf8.count - 9_000) / 2)
        twice.environment = ["P": "{prompt}{prompt}{prompt}"]
        #expect(twice.longestPrompt(withSchemaOf: 0) == (131_071 - "P=".utf8.count) / 3)
        #expect(twice.places(of: "{prompt}") == 5 && twice.places(of: "{schema}") == 1)
    }

    @Test func theProviderIsInTheModelOrInTheDefinition() {
        var definition = agent([.single("x")])
        #expect(definition.provider(ofModel: nil) == "" && definition.provider(ofModel: "openrouter/a/b") == "openrouter")
        definition.provider = "own"
        #expect(definition.provider(ofModel: "m") == "own")
        definition.model = "acme/m"
        #expect(definition.provider(ofModel: nil) == "acme" && definition.provider(ofModel: "m") == "own")
    }

    @Test(arguments: [
        (AgentDefinition(name: "a", arguments: []), "argv"),
        (AgentDefinition(name: "a", arguments: [.group(["x"])]), "argv"),
        (AgentDefinition(name: "a", arguments: [.single("x")], prompt: .argument), "argv"),
        (AgentDefinition(name: "a", arguments: [.single("x")], prompt: .file), "argv"),
        (AgentDefinition(name: "a", arguments: [.single("x"), .single("{prompt}")], prompt: .stdin), "prompt"),
    ])
    func faultsNameTheKey(_ definition: AgentDefinition, _ key: String) {
        #expect(definition.faults.map(\.key) == [key])
    }

    @Test func aSoundDefinitionHasNoFaults() {
        #expect(agent([.single("x"), .group(["-m", "{model}"])]).faults.isEmpty)
    }
}
