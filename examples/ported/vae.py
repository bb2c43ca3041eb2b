"""A variational autoencoder with an optimizer of its own and averaged weights."""

import copy

import autograd_core.torch as torch
import autograd_core.torch.nn.functional as F
from autograd_core.torch import nn


class VAE(nn.Module):
    def __init__(self, input_dim=36, hidden_dim=20, latent_dim=4):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(input_dim, hidden_dim),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(hidden_dim, hidden_dim),
            nn.LeakyReLU(0.2, inplace=True),
        )
        self.mean_layer = nn.Linear(hidden_dim, latent_dim)
        self.logvar_layer = nn.Linear(hidden_dim, latent_dim)
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, hidden_dim),
            nn.ELU(),
            nn.Linear(hidden_dim, input_dim),
            nn.Sigmoid(),
        )

    def encode(self, x):
        x = self.encoder(x)
        return self.mean_layer(x), self.logvar_layer(x)

    def reparameterize(self, mu, logvar, eps=None):
        std = torch.exp(0.5 * logvar)
        if eps is None:
            eps = torch.randn_like(std)
        return eps.mul(std).add_(mu)

    def forward(self, x, eps=None):
        mu, logvar = self.encode(x.view(x.size(0), -1))
        z = self.reparameterize(mu, logvar, eps)
        return self.decoder(z), mu, logvar


def loss_function(recon_x, x, mu, logvar, beta=1.0):
    bce = F.binary_cross_entropy(recon_x, x.view(-1, 36), reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (bce + beta * kld) / x.size(0), bce, kld


class Momentum(torch.optim.Optimizer):
    """An optimizer of one's own, with state for each parameter."""

    def __init__(self, params, lr=1e-2, momentum=0.9):
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["step"] = 0
                    state["momentum_buffer"] = torch.zeros_like(p, memory_format=torch.preserve_format)
                state["step"] += 1
                buf = state["momentum_buffer"]
                buf.mul_(group["momentum"]).add_(p.grad)
                p.add_(buf, alpha=-group["lr"])
        return loss


def build():
    return VAE()


def data():
    torch.manual_seed(1)
    images = (torch.rand(48, 1, 6, 6) > 0.6).double()
    noise = torch.randn(15, 16, 4).double()
    return images, noise


def train(model, images, noise, steps=15):
    optimizer = Momentum(model.parameters(), lr=2e-3)
    average = copy.deepcopy(model)
    for p in average.parameters():
        p.requires_grad_(False)
    history = []
    for it in range(steps):
        batch = images[torch.arange(it * 16, it * 16 + 16) % len(images)]
        optimizer.zero_grad()
        recon, mu, logvar = model(batch, noise[it])
        loss, bce, kld = loss_function(recon, batch, mu, logvar, beta=min(1.0, it / 10))
        loss.backward()
        optimizer.step()
        for ema_p, p in zip(average.parameters(), model.parameters()):
            ema_p.data.mul_(0.95).add_(p.data, alpha=0.05)
        history.append((loss.item(), bce.item(), kld.item()))
    model.eval()
    with torch.no_grad():
        recon, mu, logvar = average(images, torch.zeros(len(images), 4).double())
        grid = recon.view(8, 6, 6, 6).transpose(1, 2).reshape(8 * 6, 6 * 6).clamp(0.1, 0.9)
    results = {"average." + k: v for k, v in average.state_dict().items()}
    taken = torch.tensor(optimizer.state_dict()["state"][0]["step"])
    return history, {**results, "grid": grid, "spread": mu.std(0), "steps": taken}


if __name__ == "__main__":
    torch.manual_seed(0)
    losses, _ = train(build().double(), *data())
    print(f"loss {losses[0][0]:.4f} -> {losses[-1][0]:.4f}")
