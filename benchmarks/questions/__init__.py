"""Ten questions that FinOps people ask, each as SQL over the rollups and over the bill."""
