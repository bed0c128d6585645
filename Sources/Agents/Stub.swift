enum StubAgents {}
