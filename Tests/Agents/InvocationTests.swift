import Agents
import Testing

@Suite struct InvocationTests {
    private func agent(
        _ arguments: [AgentDefinition.Argument], prompt: AgentDefinition.PromptInput = .stdin, model: String? = nil
    ) -> AgentDefinition {
        AgentDefinition(name: "a", arguments: arguments, prompt: prompt, model: model)
    }

    private func invoke(_ agent: AgentDefinition, _ prompt: String, model: String? = nil) -> Invocation {
        agent.invocation(prompt: prompt, model: model, thinking: nil, filePath: "/dev/fd/3")
    }

    @Test func promptGoesWhereTheDefinitionSays() {
        let argument = invoke(agent([.single("x"), .single("--say={prompt}!")], prompt: .argument), "hi")
        #expect(argument.arguments == ["x", "--say=hi!"])
        #expect(argument.input == nil && argument.file == nil)

        let stdin = invoke(agent([.single("x")]), "hi")
        #expect(stdin.arguments == ["x"] && stdin.input == "hi")

        let file = invoke(agent([.single("x"), .single("{prompt_file}")], prompt: .file), "hi")
        #expect(file.arguments == ["x", "/dev/fd/3"] && file.file == "hi" && file.input == nil)
    }

    @Test(arguments: ["$(reboot)", "`id`", "; rm -rf /", "{model}", "{prompt}", "a\"b'c\\", "--model=evil", "\n", "{", "}{"])
    func promptStaysData(_ text: String) {
        let invocation = invoke(
            agent([.single("x"), .single("{prompt}"), .single("{model}")], prompt: .argument, model: "m"), text)
        #expect(invocation.arguments == ["x", text, "m"])
    }

    @Test func aGroupGoesWithoutItsValue() {
        let definition = agent([.single("x"), .group(["-m", "{model}"]), .single("end")])
        #expect(invoke(definition, "p").arguments == ["x", "end"])
        #expect(invoke(definition, "p", model: "gpt").arguments == ["x", "-m", "gpt", "end"])
        #expect(invoke(agent([.single("x"), .group(["-m", "{model}"])], model: "own"), "p").arguments == ["x", "-m", "own"])
    }

    @Test func unknownBracesAreText() {
        let definition = agent([.single("x"), .single("{\"json\": {model}}"), .single("{nothing}")], model: "m")
        #expect(invoke(definition, "p").arguments == ["x", "{\"json\": m}", "{nothing}"])
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
