"""What tests and benchmarks share: made-up companies, EC2 answers, a stand-in for the network, processes of their own."""
