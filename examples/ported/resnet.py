"""A residual network, batch norm, SGD with groups, a schedule, and averaged weights."""

import autograd_core.torch as torch
import autograd_core.torch.nn.functional as F
from autograd_core.torch import nn, optim
from autograd_core.torch.utils.data import DataLoader, TensorDataset


class Block(nn.Module):
    def __init__(self, in_channels, channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, channels, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, num_classes=10, width=8):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        self.layer1 = self._make_layer(width, width, blocks=1)
        self.layer2 = self._make_layer(width, 2 * width, blocks=2, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(2 * width, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)

    def _make_layer(self, in_channels, channels, blocks, stride=1):
        layers = [Block(in_channels, channels, stride)]
        for _ in range(1, blocks):
            layers.append(Block(channels, channels))
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.layer2(self.layer1(self.stem(x)))
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        return self.fc(x)


def accuracy(logits, target, topk=(1,)):
    with torch.no_grad():
        _, pred = logits.topk(max(topk), 1, True, True)
        correct = pred.t().eq(target.view(1, -1).expand_as(pred.t()))
        return [correct[:k].reshape(-1).float().sum(0, keepdim=True).mul_(100.0 / target.size(0)) for k in topk]


def build():
    return ResNet()


def data():
    torch.manual_seed(1)
    return torch.randn(64, 3, 8, 8), torch.randint(0, 10, (64,))


def train(model, x, y, steps=15):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device).train()
    loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=False, num_workers=0)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    decay = [p for n, p in model.named_parameters() if p.dim() > 1]
    no_decay = [p for n, p in model.named_parameters() if p.dim() <= 1]
    optimizer = optim.SGD(
        [{"params": decay, "weight_decay": 1e-3}, {"params": no_decay, "weight_decay": 0.0}],
        lr=0.05,
        momentum=0.9,
        nesterov=True,
    )
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    ema = {k: v.clone().detach() for k, v in model.state_dict().items()}
    history, done = [], 0
    while done < steps:
        for images, target in loader:
            images, target = images.to(device, non_blocking=True), target.to(device)
            optimizer.zero_grad(set_to_none=True)
            output = model(images)
            loss = criterion(output, target)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)
            optimizer.step()
            scheduler.step()
            with torch.no_grad():
                for k, v in model.state_dict().items():
                    if v.is_floating_point():
                        ema[k].mul_(0.9).add_(v, alpha=0.1)
                    else:
                        ema[k].copy_(v)
            top1, top5 = accuracy(output, target, topk=(1, 5))
            history.append((loss.item(), top1.item(), top5.item()))
            done += 1
            if done == steps:
                break
    model.eval()
    with torch.no_grad():
        scores = F.softmax(model(x.to(device)), dim=1)
        confidence, prediction = scores.max(dim=1)
    return history, {**ema, "confidence": confidence, "prediction": prediction, "spread": scores.std(dim=0)}


if __name__ == "__main__":
    torch.manual_seed(0)
    net = build()
    print(f"{sum(p.numel() for p in net.parameters() if p.requires_grad):,} parameters")
    losses, _ = train(net, *data())
    print(f"loss {losses[0][0]:.4f} -> {losses[-1][0]:.4f}")
